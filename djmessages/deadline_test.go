package djmessages_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// slowStore is a Store whose Load says that it began, and returns at a signal.
type slowStore struct {
	djsession.Store
	hangs, answers chan bool
}

func (s slowStore) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	s.hangs <- true
	<-s.answers
	return s.Store.Load(ctx, key)
}

// A call with a deadline returns at its deadline, also beside a slower use of the messages
// or the session in the same request.
func TestDeadlineBesideSlow(t *testing.T) {
	uses := map[string]func(context.Context) error{
		"Get":          func(ctx context.Context) error { _, err := djmessages.Get(ctx); return err },
		"Peek":         func(ctx context.Context) error { _, err := djmessages.Peek(ctx); return err },
		"Count":        func(ctx context.Context) error { _, err := djmessages.Count(ctx); return err },
		"Add":          func(ctx context.Context) error { return djmessages.Info(ctx, "text") },
		"RequestLevel": func(ctx context.Context) error { _, err := djmessages.RequestLevel(ctx); return err },
		"SetLevel":     func(ctx context.Context) error { return djmessages.SetLevel(ctx, djmessages.LevelInfo) },
		"ResetLevel":   djmessages.ResetLevel,
	}
	ofLevel := map[string]bool{"RequestLevel": true, "SetLevel": true, "ResetLevel": true} // these use no session
	for slow, slowly := range map[string]func(context.Context) error{
		"Get": uses["Get"], "Add": uses["Add"],
		"Load": func(ctx context.Context) error { _, err := djsession.Load(ctx); return err },
	} {
		for name, use := range uses {
			w := newWorld(t, "6.1", &djmessages.Options{Storage: djmessages.Session})
			key := w.put(serializer.Item{Key: "n", Value: int64(1)})
			store := slowStore{w.store, make(chan bool), make(chan bool)}
			w.manager = djsession.New(store)
			var err error
			if w.f, err = djmessages.New(w.manager, &djmessages.Options{Storage: djmessages.Session}); err != nil {
				t.Fatal(err)
			}
			w.get("sessionid="+key, func(_ http.ResponseWriter, r *http.Request) {
				used := make(chan error, 1)
				go func() { used <- slowly(r.Context()) }()
				<-store.hangs
				short, cancel := context.WithTimeout(r.Context(), 10*time.Millisecond)
				defer cancel()
				other := make(chan error, 1)
				go func() { other <- use(short) }()
				select {
				case err := <-other:
					late := errors.Is(err, djsession.ErrUnavailable) && errors.Is(err, context.DeadlineExceeded)
					if !late && (err != nil || slow != "Load" || !ofLevel[name]) {
						t.Errorf("%s beside a slow %s: got error %v, want ErrUnavailable because of the deadline", name, slow, err)
					}
				case <-time.After(5 * time.Second):
					t.Errorf("%s beside a slow %s still waits after its deadline", name, slow)
				}
				store.answers <- true
				if err := <-used; err != nil {
					t.Errorf("the slow %s itself: %v", slow, err)
				}
				if err := use(r.Context()); err != nil {
					t.Errorf("%s afterwards: %v", name, err)
				}
			})
		}
	}
}
