package djsession_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// TestLoadBesideSlow has a goroutine of the request use a store that does not answer.
// A Load or a BeforeCommit in another goroutine waits no longer than its own context lasts,
// and Load works when the store answers again.
func TestLoadBesideSlow(t *testing.T) {
	for _, tt := range []struct {
		op  string // where the store hangs
		use func(w *world, rw http.ResponseWriter, r *http.Request) error
	}{
		{"load", func(_ *world, _ http.ResponseWriter, r *http.Request) error {
			_, err := djsession.Load(r.Context())
			return err
		}},
		{"load", func(w *world, _ http.ResponseWriter, r *http.Request) error {
			_, err := w.m.Load(r.Context())
			return err
		}},
		{"update", func(w *world, _ http.ResponseWriter, r *http.Request) error {
			s := w.session(r)
			return errors.Join(s.Set("a", 1), s.Save(r.Context()))
		}},
		{"create", func(w *world, _ http.ResponseWriter, r *http.Request) error { return w.session(r).Create(r.Context()) }},
		{"create", func(w *world, _ http.ResponseWriter, r *http.Request) error {
			s := w.session(r)
			return errors.Join(s.CycleKey(), s.Save(r.Context()))
		}},
		{"delete", func(w *world, _ http.ResponseWriter, r *http.Request) error { return w.session(r).Flush(r.Context()) }},
		{"update", func(w *world, rw http.ResponseWriter, r *http.Request) error {
			err := w.session(r).Set("a", 1)
			_, writing := io.WriteString(rw, "x")
			return errors.Join(err, writing)
		}},
		{"update", func(w *world, rw http.ResponseWriter, r *http.Request) error {
			return errors.Join(w.session(r).Set("a", 1), w.m.Commit(rw, r))
		}},
	} {
		w := newWorld(t)
		key := w.put(item("n", int64(1)))
		hangs, answers := make(chan struct{}), make(chan struct{})
		w.store.once(tt.op, func(string) { close(hangs); <-answers })
		w.get(key, func(rw http.ResponseWriter, r *http.Request) {
			used := make(chan error)
			go func() { used <- tt.use(w, rw, r) }()
			<-hangs
			short, cancel := context.WithTimeout(r.Context(), 20*time.Millisecond)
			defer cancel()
			left, leave := context.WithCancel(r.Context())
			leave()
			for want, ctx := range map[error]context.Context{context.DeadlineExceeded: short, context.Canceled: left} {
				for _, call := range []func(context.Context) error{
					func(ctx context.Context) error { _, err := djsession.Load(ctx); return err },
					func(ctx context.Context) error { _, err := w.m.Load(ctx); return err },
					func(ctx context.Context) error { return djsession.BeforeCommit(ctx, func(http.Header, int) {}) },
				} {
					loaded := make(chan error, 1)
					go func() { loaded <- call(ctx) }()
					select {
					case err := <-loaded:
						if !errors.Is(err, djsession.ErrUnavailable) || !errors.Is(err, want) {
							t.Errorf("beside a slow %s: got error %v, want ErrUnavailable because of %v", tt.op, err, want)
						}
					case <-time.After(5 * time.Second):
						t.Errorf("beside a slow %s: a call still waits after %v", tt.op, want)
					}
				}
			}
			close(answers)
			if err := <-used; err != nil {
				t.Errorf("the slow %s itself: %v", tt.op, err)
			}
			if _, err := djsession.Load(r.Context()); err != nil {
				t.Errorf("after the slow %s: %v", tt.op, err)
			}
		})
	}
}
