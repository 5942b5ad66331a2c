package djsession_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// TestUpdateUsesItsSession has the function of an Update use the Session instead of the
// Tx: at once, and when the function runs again while the session is saved.
func TestUpdateUsesItsSession(t *testing.T) {
	var w *world
	var rw http.ResponseWriter
	for _, tt := range []struct {
		name string
		use  func(*djsession.Session, *http.Request) error
		err  bool // use returns an error
	}{
		{"Get", func(s *djsession.Session, _ *http.Request) error { s.Get("n"); return nil }, false},
		{"Value", func(s *djsession.Session, _ *http.Request) error { _, err := djsession.Value(s, "n", 0); return err }, false},
		{"Has", func(s *djsession.Session, _ *http.Request) error { s.Has("n"); return nil }, false},
		{"Keys", func(s *djsession.Session, _ *http.Request) error {
			for range s.Keys() {
			}
			return nil
		}, false},
		{"Key", func(s *djsession.Session, _ *http.Request) error { s.Key(); return nil }, false},
		{"IsEmpty", func(s *djsession.Session, _ *http.Request) error { s.IsEmpty(); return nil }, false},
		{"Modified", func(s *djsession.Session, _ *http.Request) error { s.Modified(); return nil }, false},
		{"Accessed", func(s *djsession.Session, _ *http.Request) error { s.Accessed(); return nil }, false},
		{"Missing", func(s *djsession.Session, _ *http.Request) error { return s.Missing() }, true},
		{"ExpiryAge", func(s *djsession.Session, _ *http.Request) error { _, err := s.ExpiryAge(); return err }, false},
		{"Set", func(s *djsession.Session, _ *http.Request) error { return s.Set("n", 7) }, true},
		{"SetDefault", func(s *djsession.Session, _ *http.Request) error { _, err := s.SetDefault("m", 7); return err }, true},
		{"Delete", func(s *djsession.Session, _ *http.Request) error { return s.Delete("n") }, false},
		{"Clear", func(s *djsession.Session, _ *http.Request) error { return s.Clear() }, true},
		{"Update", func(s *djsession.Session, _ *http.Request) error {
			return s.Update(func(*djsession.Tx) error { return nil })
		}, true},
		{"MarkModified", func(s *djsession.Session, _ *http.Request) error { return s.MarkModified() }, true},
		{"CycleKey", func(s *djsession.Session, _ *http.Request) error { return s.CycleKey() }, true},
		{"Renew", func(s *djsession.Session, _ *http.Request) error { return s.Renew("n", 7) }, true},
		{"SetAside", func(s *djsession.Session, _ *http.Request) error { s.SetAside(errors.New("why")); return nil }, false},
		{"Save", func(s *djsession.Session, r *http.Request) error { return s.Save(r.Context()) }, true},
		{"Create", func(s *djsession.Session, r *http.Request) error { return s.Create(r.Context()) }, true},
		{"Flush", func(s *djsession.Session, r *http.Request) error { return s.Flush(r.Context()) }, true},
		{"Load", func(_ *djsession.Session, r *http.Request) error {
			_, err := djsession.Load(r.Context())
			return err
		}, true},
		{"BeforeCommit", func(_ *djsession.Session, r *http.Request) error {
			return djsession.BeforeCommit(r.Context(), func(http.Header, int) {})
		}, true},
		{"Commit", func(s *djsession.Session, r *http.Request) error { return w.m.Commit(rw, r) }, true},
		{"Edit", func(s *djsession.Session, _ *http.Request) error {
			return djsession.Edit(s, "n", func(*int) error { return nil })
		}, true},
		{"writing the response", func(_ *djsession.Session, r *http.Request) error {
			_, err := rw.Write([]byte("x"))
			return err
		}, true},
	} {
		for _, replay := range []bool{false, true} {
			t.Run(tt.name+map[bool]string{true: "/at a conflict"}[replay], func(t *testing.T) {
				w = newWorld(t)
				key := w.put(item("n", int64(1)))
				var first, saved, used error
				finished := make(chan struct{})
				go func() {
					defer close(finished)
					w.get(key, func(to http.ResponseWriter, r *http.Request) {
						rw = to
						s := w.session(r)
						runs := 0
						first = s.Update(func(tx *djsession.Tx) error {
							if runs++; runs > 1 || !replay {
								used = tt.use(s, r)
							}
							return tx.Set("n", 2)
						})
						if replay {
							other, err := w.m.Open(r.Context(), key)
							must(t, err)
							must(t, other.Set("m", 3))
							must(t, other.Save(r.Context()))
						}
						saved = s.Save(r.Context())
					})
				}()
				select {
				case <-finished:
				case <-time.After(20 * time.Second):
					t.Fatal("it hangs")
				}
				if tt.err != (used != nil) {
					t.Errorf("the Session's own method returned %v", used)
				}
				failed, fine, want := first, saved, `{"n":1}`
				if replay {
					failed, fine, want = saved, first, `{"n":1,"m":3}`
				}
				if !errors.Is(failed, djsession.ErrInUpdate) || fine != nil {
					t.Errorf("Update returned %v, Save %v", first, saved)
				}
				if got := w.stored(key); got != want {
					t.Errorf("stored %s, want %s", got, want)
				}
			})
		}
	}
}
