package djsession_test

import (
	"net/http"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// A login that Python 2 pickled as str is the same login when it is read again: changes
// are merged, and do not look like those of another user.
func TestMergePython2(t *testing.T) {
	w := newWorld(t, func(s *djsession.Settings) {
		s.Serializer, s.Django = pickle.Serializer{Protocol: 2}, djsession.DjangoVersion{Major: 1, Minor: 11}
	})
	key := w.put(item("_auth_user_id", serializer.Str2("1")), item("_auth_user_hash", serializer.Str2("abc")))
	write := func(name string) {
		res := w.get(key, func(_ http.ResponseWriter, r *http.Request) {
			s := w.session(r)
			must(t, s.Set(name, true))
			if name == "a" {
				other, err := w.m.Open(t.Context(), key)
				must(t, err)
				must(t, other.Set("b", true))
				must(t, other.Save(t.Context()))
			}
		})
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: got status %d", name, res.StatusCode)
		}
	}
	write("a")
	r, _, err := w.mem.Load(t.Context(), key)
	if err != nil || r.Data.Len() != 4 {
		t.Errorf("got %d keys, %v; want all four", r.Data.Len(), err)
	}
}
