package pickle

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"testing"

	"github.com/go-djsession/go-djsession/serializer"
)

// exceptions are vectors, of one file or of all (*), for which a test expects
// something else, with the reason. One that is not needed is an error.
type exceptions struct {
	reasons map[string]string
	used    map[string]bool
}

func except(reasons ...map[string]string) *exceptions {
	e := &exceptions{map[string]string{}, map[string]bool{}}
	for _, more := range reasons {
		maps.Copy(e.reasons, more)
	}
	return e
}

// check reports whether p is an exception, given whether it was as it should be.
func (e *exceptions) check(p *pickled, fine bool) (excepted bool) {
	for _, name := range []string{p.file + "/" + p.vector, "*/" + p.vector} {
		if e.reasons[name] != "" {
			e.used[name] = e.used[name] || !fine
			return true
		}
	}
	return false
}

func (e *exceptions) done(t *testing.T) {
	t.Helper()
	for name, reason := range e.reasons {
		if !e.used[name] {
			t.Errorf("%s is no exception (%s)", name, reason)
		}
	}
}

// valuesDiffer is where a Go value tells less than the pickle that it came from.
// Nodes tell all: see TestWriteNodes.
var valuesDiffer = map[string]string{
	"*/chars-equal":               "of one-character texts there is one each in Go",
	"*/datetime-shared":           "a datetime has no identity in Go: it is written twice",
	"*/names":                     "whether a function is written in C, and so has its own copy of the name of its module",
	"cpython3.6/none":             "Python 3.6 writes frames of less than 4 bytes",
	"cpython3.6/empty":            "likewise",
	"cpython3.6/bytearrays":       "Python 3.6 encodes a bytearray as text in protocol 2",
	"cpython3.6/bytearray-shared": "likewise",
}

func TestRead(t *testing.T) {
	notAlike := except(map[string]string{
		"*/chars-equal": "of one-character texts there is one each in Go, as in a Python that has unpickled them",
	})
	for _, p := range corpus(t) {
		v, err := Load(p.raw, nil)
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		got := plain(describe(v))
		same := reflect.DeepEqual(got, p.value)
		if !notAlike.check(&p, same) && !same {
			g, _ := json.Marshal(got)
			w, _ := json.Marshal(p.value)
			t.Errorf("%s:\ngot  %.2000s\nwant %.2000s\nfrom %.300q", p.name, g, w, p.raw)
		}
	}
	notAlike.done(t)
}

// TestWriteNodes writes every pickle anew from its arena, as a changed session is,
// and wants the same bytes: for whatever it holds, whichever Python wrote it.
func TestWriteNodes(t *testing.T) {
	count := 0
	for _, p := range corpus(t) {
		if p.protocol < 2 {
			continue // goes back with protocol 2: see TestOldProtocols
		}
		got, err := rewrite(p.raw, p.protocol)
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
		} else if !bytes.Equal(got, p.raw) {
			t.Errorf("%s:\ngot  %.1000q\nwant %.1000q", p.name, got, p.raw)
		}
		count++
	}
	if count < 1000 {
		t.Errorf("only %d pickles", count)
	}
}

// rewrite reads a pickle and writes it from its arena.
func rewrite(raw []byte, protocol int) ([]byte, error) {
	a, err := read(asString(raw), serializer.Limits{})
	if err != nil {
		return nil, err
	}
	w := newWriter(nil, protocol, serializer.Limits{})
	w.a = a
	w.begin()
	return w.finish(nil, w.node(a.root))
}

// TestOldProtocols writes pickles of protocols 0 and 1 with protocol 2 and wants
// what they held. compat_test/pickle has Pythons read them.
func TestOldProtocols(t *testing.T) {
	count := 0
	for _, p := range corpus(t) {
		if p.protocol >= 2 {
			continue
		}
		before, err := Load(p.raw, nil)
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		raw, err := rewrite(p.raw, 2)
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		after, err := Load(raw, nil)
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		if got, want := plain(describe(after)), plain(describe(before)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %.1000v\nwant %.1000v", p.name, got, want)
		}
		count++
	}
	if count < 500 {
		t.Errorf("only %d pickles", count)
	}
}

// TestWriteRead writes the Go values that were read, without their arena, and wants
// the same bytes: what a program gets from a session and puts into another.
func TestWriteRead(t *testing.T) {
	notAlike := except(valuesDiffer, map[string]string{
		"cpython3.13/new-args-ex":  "Python 3.13 does not memoise what it names by getattr",
		"cpython3.13/names-nested": "likewise",
	})
	for _, p := range corpus(t) {
		if p.python2() || p.protocol < 2 {
			continue // Python 2 numbers only what it will meet again, which values do not tell
		}
		v, err := Load(p.raw, nil)
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		got, err := Append(nil, v, &Options{Protocol: p.protocol})
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		same := bytes.Equal(got, p.raw)
		if !notAlike.check(&p, same) && !same {
			t.Errorf("%s:\ngot  %.1500q\nwant %.1500q", p.name, got, p.raw)
		}
	}
	notAlike.done(t)
}

// TestWriteMade writes Go values that were made from their descriptions, and wants
// what Python wrote.
func TestWriteMade(t *testing.T) {
	notAlike := except(valuesDiffer, map[string]string{
		"cpython3.6/fraction": "fractions were pickled as text before Python 3.11",
		"cpython3.8/fraction": "likewise",
	})
	count := 0
	for _, p := range corpus(t) {
		if p.python2() || p.protocol < 2 {
			continue
		}
		v, ok := undescribe(p.value)
		if !ok {
			continue
		}
		got, err := Append(nil, v, &Options{Protocol: p.protocol})
		if err != nil {
			t.Errorf("%s: %v", p.name, err)
			continue
		}
		same := bytes.Equal(got, p.raw)
		if !notAlike.check(&p, same) && !same {
			t.Errorf("%s:\ngot  %.1500q\nwant %.1500q", p.name, got, p.raw)
		}
		count++
	}
	notAlike.done(t)
	if count < 800 {
		t.Errorf("only %d values", count)
	}
}
