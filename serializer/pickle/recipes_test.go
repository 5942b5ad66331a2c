package pickle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/serializer"
)

// recipe is a plain value too large to keep, with what pickle.dumps makes of it.
// See fixtures/gen/pickle_recipes.py.
type recipe struct {
	Name   string            `json:"name"`
	Why    string            `json:"why"`
	Kind   string            `json:"kind"`
	N      int               `json:"n"`
	M      int               `json:"m"`
	Size   map[string]int    `json:"size"`
	SHA256 map[string]string `json:"sha256"`
}

// TestRecipes writes values that were made in Go, and wants the bytes of CPython,
// across the borders of batches, frames and the memo.
func TestRecipes(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(corpusDir, "recipes.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	recipes := readLines[recipe](t, raw)
	if len(recipes) < 200 {
		t.Fatalf("only %d recipes", len(recipes))
	}
	for _, r := range recipes {
		v := r.value(t)
		for protocol := 2; protocol <= MaxProtocol; protocol++ {
			key := fmt.Sprint(protocol)
			got, err := Append(nil, v, &Options{Protocol: protocol})
			if err != nil {
				t.Errorf("%s: %v", r.Name, err)
				continue
			}
			sum := sha256.Sum256(got)
			if len(got) != r.Size[key] || hex.EncodeToString(sum[:]) != r.SHA256[key] {
				t.Errorf("%s with protocol %d: other bytes (%d, want %d): %s", r.Name, protocol, len(got), r.Size[key], r.Why)
				continue
			}
			if again, err := rewrite(got, protocol); err != nil || string(again) != string(got) {
				t.Errorf("%s with protocol %d: read and written again: other bytes, %v", r.Name, protocol, err)
			}
		}
	}
}

func (r *recipe) value(t *testing.T) any {
	n, m := r.N, r.M
	list := func(n int, item func(i int) any) []any {
		l := make([]any, n, n+1)
		for i := range l {
			l[i] = item(i)
		}
		return l
	}
	integer := func(i int) any { return int64(i) }
	strs := func(n, m int) []any {
		return list(n, func(i int) any { return fmt.Sprintf("%0*d", m, i) })
	}
	switch r.Kind {
	case "list-ints":
		return list(n, integer)
	case "tuple-ints":
		return serializer.Tuple(list(n, integer))
	case "set-ints":
		return serializer.Set(list(n, integer))
	case "frozenset-ints":
		return serializer.FrozenSet(list(n, integer))
	case "dict-ints":
		items := make([]serializer.Item, n)
		for i := range items {
			items[i] = serializer.Item{Key: int64(i), Value: int64(i)}
		}
		return serializer.NewDict(items...)
	case "dict-strs":
		var items, inner []serializer.Item
		for i := range m {
			items = append(items, serializer.Item{Key: fmt.Sprint("key ", i), Value: int64(i)})
		}
		for i := range n {
			inner = append(inner, serializer.Item{Key: fmt.Sprint("inner ", i)})
		}
		return serializer.NewDict(append(items, serializer.Item{Key: "inner", Value: serializer.NewDict(inner...)})...)
	case "lists":
		return list(n, func(int) any { return list(m, integer) })
	case "strs":
		return strs(n, m)
	case "twice":
		l := strs(n, m)
		return append(l[:n:n], l...)
	case "str":
		return []any{int64(1), strings.Repeat("x", n), 2.5, strings.Repeat("y", m), nil}
	case "bytes":
		return []any{int64(1), serializer.Bytes(strings.Repeat("x", n)), 2.5, serializer.Bytes(strings.Repeat("y", m)), nil}
	case "bytearray":
		return []any{int64(1), newByteArray(strings.Repeat("x", n)), 2.5, newByteArray(strings.Repeat("y", m)), nil}
	case "frame":
		return append(strs(315, 200), strings.Repeat("y", n), nil, int64(1), strings.Repeat("z", m),
			make([]any, 0, 1), serializer.NewDict(serializer.Item{Key: "a", Value: 1.5}))
	case "deep":
		v := make([]any, 0, 1)
		for range n {
			v = []any{v}
		}
		return v
	case "powers":
		var l []any
		for i := range n {
			for _, sign := range []int64{1, -1} {
				for _, d := range []int64{-1, 0, 1} {
					v := new(big.Int).Lsh(big.NewInt(1), uint(i))
					v.Mul(v, big.NewInt(sign)).Add(v, big.NewInt(d))
					l = append(l, v)
				}
			}
		}
		return l
	case "floats":
		return list(n, func(i int) any { return float64(i) / 7.0 })
	}
	t.Fatalf("no recipe for %s", r.Kind)
	return nil
}
