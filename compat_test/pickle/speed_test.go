package pickle_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	ogorek "github.com/kisielk/og-rek"
	gopickle "github.com/nlpodyssey/gopickle/pickle"

	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// TestSpeed prints what everybody takes, CPython included, and fails when we have
// become much slower than we were. The others' benchmarks are in bench_test.go;
// here all take turns, and the shortest of many runs of some milliseconds counts,
// so that the figures compare even on a machine that others work on.
func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("measures")
	}
	python(t, "cpython3.11") // before anything is measured
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
			func() { ogorek.NewDecoder(bytes.NewReader(c.raw)).Decode() },
		)
		t.Logf("read %s (%d bytes): %v; gopickle %v; og-rek %v; CPython %s",
			c.name, len(c.raw), took[0], took[1], took[2], cpython(t, "pickle.loads(raw)", c.raw))
		if got := float64(took[1]) / float64(took[0]); got < c.least {
			t.Errorf("read %s: %.1f times as fast as gopickle", c.name, got)
		}
	}
	for _, c := range []struct {
		name  string
		raw   []byte
		times int
	}{{"login", login, 2000}, {"cart", cart, 50}} {
		v, err := pickle.Load(c.raw, nil)
		if err != nil {
			t.Fatal(err)
		}
		var dst []byte
		var buf bytes.Buffer
		m := asMaps(v)
		took := fastest(100, c.times,
			func() { dst, _ = pickle.Append(dst[:0], v, &pickle.Options{Protocol: 5}) },
			func() {
				buf.Reset()
				ogorek.NewEncoderWithConfig(&buf, &ogorek.EncoderConfig{Protocol: 5}).Encode(m)
			},
		)
		t.Logf("write %s: %v; og-rek %v; CPython %s", c.name, took[0], took[1], cpython(t, "pickle.dumps(value, 5)", c.raw))
		if took[0] > took[1] {
			t.Errorf("write %s: slower than og-rek", c.name)
		}
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

// cpython returns how long CPython takes for a statement about a pickle.
func cpython(t testing.TB, statement string, raw []byte) string {
	const script = `
import base64, pickle, sys, timeit
raw = base64.b64decode(sys.argv[2])
value = pickle.loads(raw)
times = 200000 // len(raw)
print("%.2fus" % (min(timeit.repeat(sys.argv[1], number=times, repeat=50, globals=globals())) / times * 1e6))
`
	out, err := exec.Command(python(t, "cpython3.11"), "-c", script, statement, base64.StdEncoding.EncodeToString(raw)).Output()
	if err != nil {
		return fmt.Sprint("unknown: ", err)
	}
	return strings.TrimSpace(string(out))
}
