package djcsrf_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djsession"
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

// A call with a deadline returns at its deadline, also beside a slower use of the session
// in the same request.
func TestDeadlineBesideSlow(t *testing.T) {
	uses := map[string]func(context.Context) error{
		"Token":  func(ctx context.Context) error { _, err := djcsrf.Token(ctx); return err },
		"Field":  func(ctx context.Context) error { _, err := djcsrf.Field(ctx); return err },
		"Rotate": djcsrf.Rotate,
	}
	first := map[string]func(context.Context) error{"Load": func(ctx context.Context) error { _, err := djsession.Load(ctx); return err }}
	for name, use := range uses {
		first[name] = use
	}
	for slow, slowly := range first {
		for name, use := range uses {
			w := newWorld(t, "6.1", nil)
			key := w.put(secret)
			store := slowStore{w.store, make(chan bool), make(chan bool)}
			w.m = djsession.New(store)
			var err error
			if w.p, err = djcsrf.New(w.m, &djcsrf.Options{UseSessions: true}); err != nil {
				t.Fatal(err)
			}
			w.serve(ask("GET", "", "Cookie: "+key), func(_ http.ResponseWriter, r *http.Request) {
				used := make(chan error, 1)
				go func() { used <- slowly(r.Context()) }()
				<-store.hangs
				short, cancel := context.WithTimeout(r.Context(), 10*time.Millisecond)
				defer cancel()
				other := make(chan error, 1)
				go func() { other <- use(short) }()
				select {
				case err := <-other:
					if !errors.Is(err, djsession.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
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
