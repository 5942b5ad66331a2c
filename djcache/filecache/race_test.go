package filecache_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// What Django does between two steps of Go is neither undone nor lost. before
// comes ahead of the first exchange, after behind it.
func TestDjangoInBetween(t *testing.T) {
	written := func(n string) string {
		return expiry(now.Add(2*time.Hour)) + compress("\x80\x05}\x94\x8c\x01n\x94\x8c\x01"+n+"\x94s.")
	}
	write := func(n string) func(t *testing.T, w *world) {
		return func(t *testing.T, w *world) {
			plant(t, w.path+"_tmp", written(n))
			if err := os.Rename(w.path+"_tmp", w.path); err != nil {
				t.Error(err)
			}
		}
	}
	logout := func(t *testing.T, w *world) { _ = os.Remove(w.path) }
	const gone, ours = "gone", "ours"
	for _, test := range []struct {
		name string
		do   []func(t *testing.T, w *world)
		err  error
		want string
	}{
		{"nothing", nil, nil, ours},
		{"a logout", []func(*testing.T, *world){logout}, djsession.ErrNotFound, gone},
		{"a write", []func(*testing.T, *world){write("1")}, djsession.ErrConflict, "1"},
		{"two writes", []func(*testing.T, *world){write("1"), write("2")}, djsession.ErrConflict, "2"},
		{"a write, then a logout", []func(*testing.T, *world){write("1"), logout}, djsession.ErrNotFound, gone},
	} {
		for doing, act := range map[string]func(w *world, v djsession.Version) error{
			"Replace": func(w *world, v djsession.Version) error {
				_, err := w.Replace(t.Context(), name, dict("n", "ours"), now.Add(time.Hour), v)
				return err
			},
			"Touch": func(w *world, v djsession.Version) error {
				_, err := w.Touch(t.Context(), name, now.Add(3*time.Hour), v)
				return err
			},
		} {
			w := newWorld(t, nil)
			v := w.add(t, "n", "theirs")
			do, exchanged := test.do, false
			w.SetExchange(func(from, to string, real func(from, to string) error) error {
				if len(do) > 0 {
					do[0](t, w)
					do = do[1:]
				}
				err := real(from, to)
				exchanged = exchanged || !errors.Is(err, errors.ErrUnsupported)
				return err
			})
			err := act(w, v)
			if !exchanged {
				t.Skip("files cannot be exchanged here")
			}
			if !errors.Is(err, test.err) {
				t.Errorf("%s, %s: got error %v, want %v", doing, test.name, err, test.err)
			}
			raw, err := os.ReadFile(w.path)
			switch test.want {
			case gone:
				if !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s, %s: the session is back (%v)", doing, test.name, err)
				}
			case ours:
				if err != nil {
					t.Errorf("%s, %s: %v", doing, test.name, err)
				}
			default:
				if string(raw) != written(test.want) {
					t.Errorf("%s, %s: got %q, want what Django wrote", doing, test.name, raw)
				}
			}
			wantNoDrafts(t, w.dir)
		}
	}
}
