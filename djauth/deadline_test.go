package djauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
)

// slowPeople are people whose database hangs: it says where, and goes on at a signal.
type slowPeople struct {
	*people
	hangs, answers chan string
}

func (p slowPeople) wait(what string) {
	p.hangs <- what
	<-p.answers
}

func (p slowPeople) ByID(ctx context.Context, id string) (*djauth.Account, error) {
	p.wait("id")
	return p.people.ByID(ctx, id)
}

func (p slowPeople) Grants(ctx context.Context, id string) (*djauth.Grants, error) {
	p.wait("grants")
	return p.people.Grants(ctx, id)
}

// A call with a deadline returns at its deadline, also beside a slower one of the same
// request.
func TestDeadlineBesideSlow(t *testing.T) {
	w := newWorld(t)
	slow := slowPeople{w.people, make(chan string), make(chan string)}
	var err error
	if w.auth, err = djauth.New(w.m, slow, nil, nil); err != nil {
		t.Fatal(err)
	}
	w.do(httptest.NewRequest("GET", "/", nil), w.put(w.login()...), func(_ http.ResponseWriter, r *http.Request) {
		var id *djauth.Identity
		for _, tt := range []struct {
			name, hangs string
			use         func(context.Context) error
		}{
			{"User", "id", func(ctx context.Context) (err error) { id, err = djauth.User(ctx); return err }},
			{"HasPerm", "grants", func(ctx context.Context) error { _, err := id.HasPerm(ctx, "blog.add_post"); return err }},
		} {
			used := make(chan error, 1)
			go func() { used <- tt.use(r.Context()) }()
			if at := <-slow.hangs; at != tt.hangs {
				t.Fatalf("%s hangs at %s", tt.name, at)
			}
			short, cancel := context.WithTimeout(r.Context(), 20*time.Millisecond)
			other := make(chan error, 1)
			go func() { other <- tt.use(short) }()
			select {
			case err := <-other:
				if !errors.Is(err, djsession.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: got error %v, want ErrUnavailable because of the deadline", tt.name, err)
				}
			case <-time.After(5 * time.Second):
				t.Errorf("%s still waits after its deadline", tt.name)
			}
			cancel()
			slow.answers <- "now"
			if err := <-used; err != nil {
				t.Errorf("the slow %s itself: %v", tt.name, err)
			}
			if err := tt.use(r.Context()); err != nil {
				t.Errorf("%s afterwards: %v", tt.name, err)
			}
		}
	})
}
