package pickle_test

import (
	"bytes"
	"testing"
	"time"

	gopickle "github.com/nlpodyssey/gopickle/pickle"

	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// TestSpeed fails when we have become much slower than we were, compared with gopickle: the
// two take turns, and the shortest of many runs of some milliseconds counts. compat_test/bench
// measures properly.
func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("measures")
	}
	login, cart := find(t, "cpython3.11", "login", 5), find(t, "cpython3.11", "cart", 5)
	for _, c := range []struct {
		name  string
		raw   []byte
		ours  func(testing.TB, []byte)
		least float64 // times as fast as gopickle
		times int     // in a run
	}{
		{"login, its keys", login, readLogin, 4, 2000},
		{"cart, all of a session", cart, readAll, 2, 50},
		{"cart, at once", cart, load, 2, 50},
	} {
		took := fastest(100, c.times,
			func() { c.ours(t, c.raw) },
			func() { u := gopickle.NewUnpickler(bytes.NewReader(c.raw)); u.Load() },
		)
		if got := float64(took[1]) / float64(took[0]); got < c.least {
			t.Errorf("read %s: %.1f times as fast as gopickle", c.name, got)
		}
	}
}

// readLogin reads what djauth reads.
func readLogin(t testing.TB, raw []byte) {
	d, err := pickle.Serializer{}.Loads(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"_auth_user_id", "_auth_user_backend", "_auth_user_hash"} {
		if v, _ := d.Get(key); v == nil {
			t.Fatal("a key is not there")
		}
	}
}

// readAll reads every value to the bottom.
func readAll(t testing.TB, raw []byte) {
	d, err := pickle.Serializer{}.Loads(raw)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for range d.All() {
		n++
	}
	if n == 0 {
		t.Fatal("nothing was read")
	}
}

// load reads a pickle as gopickle does: all of it at once.
func load(t testing.TB, raw []byte) {
	if _, err := pickle.Load(raw, nil); err != nil {
		t.Fatal(err)
	}
}

// fastest returns how long each function takes in its best of many runs.
func fastest(runs, times int, functions ...func()) []time.Duration {
	best := make([]time.Duration, len(functions))
	for range runs {
		for i, f := range functions {
			start := time.Now()
			for range times {
				f()
			}
			if took := time.Since(start) / time.Duration(times); best[i] == 0 || took < best[i] {
				best[i] = took
			}
		}
	}
	return best
}
