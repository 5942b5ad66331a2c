package rediscache_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/rediscache"
)

// The ring takes the server that the ShardClient took, for 10,000 keys. See
// fixtures/gen/cacheformats_ring.py.
func TestRing(t *testing.T) {
	raw, err := os.ReadFile("../../fixtures/cacheformats/ring.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	braces := []string{"{%s}", "a{%s}b", "{x}{%s}", "{%s", "}%s{", "{%s}}", "{{%s}", "{}%s"}
	keys := make([]string, 10_000)
	for i := range keys {
		name := fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, i)))[:32]
		if i%7 == 3 {
			name = strings.Replace(braces[i%len(braces)], "%s", name, 1)
		}
		k := djcache.Keys{}
		if i%10 == 9 {
			k.Prefix = "sit\u00e9"
		}
		keys[i] = k.Key("django.contrib.sessions.cache" + name)
	}
	counts := map[int]bool{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	for dec.More() {
		var row struct {
			By, First, SHA256 string
			Servers           []string
		}
		if err := dec.Decode(&row); err != nil {
			t.Fatal(err)
		}
		ring := rediscache.NewRing(row.Servers)
		var got strings.Builder
		for _, key := range keys {
			fmt.Fprint(&got, ring.Pick(key))
		}
		if first := got.String()[:200]; first != row.First {
			t.Errorf("%d servers: got\n%s, want\n%s", len(row.Servers), first, row.First)
		} else if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(got.String()))); sum != row.SHA256 {
			t.Errorf("%d servers: one of the later keys is on another server", len(row.Servers))
		}
		counts[len(row.Servers)] = true
	}
	if !counts[1] || !counts[2] || !counts[3] || !counts[7] {
		t.Errorf("the fixture has only %v servers", counts)
	}
}

func TestRingEmpty(t *testing.T) {
	if got := rediscache.NewRing(nil).Pick("key"); got != -1 {
		t.Errorf("got %d, want -1", got)
	}
}
