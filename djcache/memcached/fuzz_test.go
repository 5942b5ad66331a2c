package memcached_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/go-djsession/go-djsession/djcache/memcached"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/deflate"
	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/serializer"
)

// FuzzItem reads any value with any flags. What is read is written and read again as the
// same, and compressed by the client as well. Limits hold before and after decompression.
func FuzzItem(f *testing.F) {
	raw, err := os.ReadFile("../../fixtures/memcached/values.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(raw) {
		var row struct {
			Flags uint32
			Value string
		}
		if err := json.Unmarshal(line, &row); err != nil {
			f.Fatal(err)
		}
		value, err := hex.DecodeString(row.Value)
		if err != nil {
			f.Fatal(err)
		}
		if len(value) < 3000 {
			f.Add(row.Flags, value)
			n++
		}
	}
	if n < 5 {
		f.Fatalf("got %d seeds: fixtures are missing", n)
	}
	f.Add(uint32(0), []byte("}."))
	f.Add(uint32(9), []byte("}."))
	f.Add(uint32(1<<31|1), []byte("}."))
	limits := djsession.Limits{Payload: 1 << 16, Data: serializer.Limits{Size: 1 << 17, Depth: 50, Nodes: 5000}}
	c := memcached.New(newSite(f, djsession.Settings{Limits: limits}), nil, nil)
	f.Fuzz(func(t *testing.T, flags uint32, value []byte) {
		before := slices.Clone(value)
		d, err := c.Decode(&memcache.Item{Key: "k", Value: value, Flags: flags})
		if err != nil {
			if !errors.Is(err, djsession.ErrCorrupt) || d != nil {
				t.Fatalf("got %v, %v", d, err)
			}
			return
		}
		if flags != 1 && flags != 9 || len(value) > limits.Payload {
			t.Fatalf("flags %d and %d bytes are a session", flags, len(value))
		}
		want, err := tagged.Append(nil, d)
		if err != nil {
			t.Fatal(err)
		}
		for how, d := range map[string]*serializer.Dict{"as it was read": d, "as if changed": d.With("x-x", 1).Without("x-x")} {
			item, err := c.Encode(d)
			if errors.Is(err, djsession.ErrTooLarge) || errors.Is(err, serializer.ErrLimit) {
				continue
			}
			if err != nil || item.Flags != 1 {
				t.Fatalf("%s: got %+v, %v", how, item, err)
			}
			packed := &memcache.Item{Value: new(deflate.Compressor).AppendZlib(nil, item.Value), Flags: 9}
			for _, item := range []*memcache.Item{item, packed} {
				again, err := c.Decode(item)
				if errors.Is(err, djsession.ErrTooLarge) || errors.Is(err, serializer.ErrLimit) {
					continue
				}
				if err != nil {
					t.Fatalf("%s, flags %d: %v", how, item.Flags, err)
				}
				if got, err := tagged.Append(nil, again); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%s, flags %d: got %.300s, want %.300s (%v)", how, item.Flags, got, want, err)
				}
			}
		}
		if !bytes.Equal(value, before) {
			t.Fatal("the item was changed")
		}
	})
}
