package pickle

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"github.com/go-djsession/go-djsession/serializer"
)

// sharing returns a list in which n texts and lists occur twice each.
func sharing(n int) []any {
	var list []any
	for i := range n {
		name, part := fmt.Sprintf("a text %d", i), []any{int64(i % 100)}
		list = append(list, name, part, name, part)
	}
	return list
}

// A memo that was used before has no trace of it, whatever its size was.
func TestMemoForgets(t *testing.T) {
	write := func(v any) []byte {
		t.Helper()
		out, err := Append(nil, v, nil)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	// The sizes pass each growth of the table, and the bound of what is kept.
	sizes := []int{0, 1, 15, 16, 17, 63, 64, 65, 500, keptNumbers/2 - 1, keptNumbers, 3, 40}
	for _, before := range sizes {
		for _, n := range []int{2, 16, 100, 1000} {
			v := sharing(n)
			write(sharing(before))
			first := write(v)
			if _, err := Append(nil, append(sharing(before), "\xff"), nil); err == nil {
				t.Fatal("no error for what is no text")
			}
			if got := write(v); !bytes.Equal(got, first) {
				t.Fatalf("%d after %d: other bytes after a failure", n, before)
			}
			back, err := Load(first, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := write(back); !bytes.Equal(got, first) {
				t.Fatalf("%d after %d: other bytes when read and written", n, before)
			}
			// 4 n values, 2 n of which were written before.
			if got := memoised(t, first); got != 1+2*n {
				t.Fatalf("%d after %d: %d numbers, want %d", n, before, got, 1+2*n)
			}
		}
	}
}

// memoised returns how many objects of a pickle have a number.
func memoised(t *testing.T, raw []byte) (n int) {
	t.Helper()
	a, err := read(string(raw), serializer.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.nodes {
		if a.nodes[i].flags&flagMemoised != 0 {
			n++
		}
	}
	return n
}

// A writer that goes back to the pool holds no value, and little memory.
func TestMemoKeepsNothing(t *testing.T) {
	for _, n := range []int{1, 1000, 2 * keptNumbers} {
		var w writer
		w.memo.open(n)
		for i := range n {
			o := newID(idText, nil, i)
			if _, ok := w.memo.find(o); ok {
				t.Fatalf("number %d is there before it is added", i)
			}
			w.memo.add(o, uint32(i))
			w.memo.add(newID(idNode, nil, i), uint32(i))
		}
		for i := range n {
			for _, kind := range []idKind{idText, idNode} {
				if got, ok := w.memo.find(newID(kind, nil, i)); !ok || got != uint32(i) {
					t.Fatalf("got %d, %t, want %d", got, ok, i)
				}
			}
		}
		w.memo.close()
		if cap(w.memo.ids) > keptNumbers || cap(w.memo.nodes) > keptNumbers || cap(w.memo.slots) > 8*keptNumbers {
			t.Errorf("%d: keeps %d, %d and %d", n, cap(w.memo.ids), cap(w.memo.nodes), cap(w.memo.slots))
		}
		for _, held := range w.memo.ids[:cap(w.memo.ids)] {
			if held != (numbered{}) {
				t.Fatalf("%d: holds %v", n, held)
			}
		}
	}
}

// What is no text is an error, also when it looks like a text of one character that was
// written before.
func TestShortTexts(t *testing.T) {
	for _, v := range [][]any{{"\u00e9", "\xe9"}, {"\u00c1", "\xc3A"}, {"\u0080", "\x80"}, {"\u00bf", "\xc2\x3f"}} {
		if _, err := Append(nil, v, nil); err == nil {
			t.Errorf("%q: no error", v)
		}
		if out, err := Append(nil, []any{v[0], string([]byte(v[0].(string)))}, nil); err != nil || memoised(t, out) != 2 {
			t.Errorf("%q twice: got %q, %v", v[0], out, err)
		}
	}
}

// TestWriteAllocates bounds what a writer takes: nothing beyond its output.
func TestWriteAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and drops what a pool holds")
	}
	measured := 0
	for _, p := range corpus(t) {
		if p.protocol != 5 || p.name != "cpython3.13/cart/5" && p.name != "cpython3.13/login/5" {
			continue
		}
		v, err := Load(p.raw, nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Serializer{}.Loads(p.raw)
		if err != nil {
			t.Fatal(err)
		}
		d = d.With("visits", int64(1))
		dst := make([]byte, 0, 2*len(p.raw)+100)
		for name, write := range map[string]func() ([]byte, error){
			"values":    func() ([]byte, error) { return Append(dst, v, &Options{Protocol: 5}) },
			"a changed": func() ([]byte, error) { return Serializer{}.Dumps(dst, d) },
		} {
			measured++
			bytes, allocs := perRun(func() {
				if _, err := write(); err != nil {
					t.Fatal(err)
				}
			})
			if allocs > 2 || bytes > 1024 {
				t.Errorf("%s, %s: %d allocations and %d bytes, want at most 2 and 1024", p.name, name, allocs, bytes)
			}
		}
	}
	if measured != 4 {
		t.Errorf("%d were measured, want 4", measured)
	}
}

// perRun returns the bytes and allocations of f once it has run.
func perRun(f func()) (bytes, allocs uint64) {
	const runs = 200
	f()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs, (after.Mallocs - before.Mallocs) / runs
}
