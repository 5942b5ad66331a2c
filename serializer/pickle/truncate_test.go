package pickle

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/serializer"
)

// TestTruncated cuts every pickle of the corpus at every byte.
func TestTruncated(t *testing.T) {
	seen := map[string]bool{}
	cuts := 0
	for _, p := range corpus(t) {
		raw := string(p.raw)
		if seen[raw] || testing.Short() && len(raw) > 1000 {
			continue
		}
		seen[raw] = true
		for n := range len(raw) {
			if _, err := read(raw[:n], serializer.Limits{}); !errors.Is(err, serializer.ErrSyntax) {
				t.Fatalf("%s cut at %d of %d: %v", p.name, n, len(raw), err)
			}
			cuts++
		}
		if _, rest, err := LoadPrefix(append(p.raw, "what follows"...), nil); err != nil || rest != len(raw) {
			t.Errorf("%s with more behind it: %d of %d, %v", p.name, rest, len(raw), err)
		}
	}
	if cuts < 50_000 {
		t.Errorf("only %d cuts", cuts)
	}
}

// TestFlipped changes every byte of some pickles, to whatever it may lead.
func TestFlipped(t *testing.T) {
	for _, p := range corpus(t) {
		if p.file != "cpython3.11" && p.file != "cpython2.7" && p.file != "django5.2" || len(p.raw) > 600 {
			continue
		}
		for i := range p.raw {
			for _, flip := range []byte{1, 2, 0x80, 0xFF} {
				raw := append([]byte(nil), p.raw...)
				raw[i] ^= flip
				checkAny(t, raw)
			}
		}
	}
}

// TestHostileAgain does the same with the hostile inputs.
func TestHostileAgain(t *testing.T) {
	for _, c := range hostile {
		if len(c.raw) < 10_000 {
			checkAny(t, []byte(c.raw))
		}
	}
}

// checkAny reads anything. What is read must be written, and read again as the same.
func checkAny(t *testing.T, raw []byte) {
	t.Helper()
	v, err := Load(raw, nil)
	if err != nil {
		if !errors.Is(err, serializer.ErrSyntax) && !errors.Is(err, serializer.ErrLimit) {
			t.Fatalf("%q: %v", raw, err)
		}
		return
	}
	for protocol := 2; protocol <= MaxProtocol; protocol++ {
		written, err := Append(nil, v, &Options{Protocol: protocol})
		if protocol < 4 && (errors.Is(err, serializer.ErrType) || errors.Is(err, serializer.ErrLimit)) {
			continue // names and calls that need protocol 4
		}
		if err != nil {
			t.Fatalf("%q: write with protocol %d: %v", raw, protocol, err)
		}
		again, err := Load(written, nil)
		if err != nil {
			t.Fatalf("read what was written with protocol %d: %v\n%.300q\n%.300q", protocol, err, raw, written)
		}
		if protocol < 4 {
			continue // holds less: no fold, for one
		}
		twice, err := Append(nil, again, &Options{Protocol: protocol})
		if err != nil {
			t.Fatalf("write again with protocol %d: %v\n%.500q", protocol, err, written)
		}
		if string(twice) == string(written) {
			continue
		}
		// What is an object with text of Python 2 may come back as a type of ours, which
		// is written anew each time that it is held. From then on the bytes stay.
		again, err = Load(twice, nil)
		if err != nil || !hasObject(v) {
			t.Fatalf("written again with protocol %d: %v\nread %.500q\ngot  %.500q\nwant %.500q", protocol, err, raw, twice, written)
		}
		if thrice, err := Append(nil, again, &Options{Protocol: protocol}); err != nil || string(thrice) != string(twice) {
			t.Fatalf("written a third time with protocol %d: %v\nread %.500q\ngot  %.500q\nwant %.500q", protocol, err, raw, thrice, twice)
		}
	}
	nodes, err := rewrite(raw, 4)
	if err != nil {
		t.Fatalf("%q: write its nodes: %v", raw, err)
	}
	if _, err := Load(nodes, nil); err != nil {
		t.Fatalf("%q: read its nodes again: %v\n%q", raw, err, nodes)
	}
	Sniff(raw)
}

// hasObject reports whether a value holds an object of a class without a type of ours.
func hasObject(v any) bool {
	text, err := json.Marshal(describe(v))
	return err == nil && strings.Contains(string(text), `["object",`)
}
