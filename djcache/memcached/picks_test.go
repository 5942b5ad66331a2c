package memcached_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/memcached"
	"github.com/go-djsession/go-djsession/djsession"
)

var rules = map[string]func(...string) (*memcached.Servers, error){
	"rendezvous":       memcached.Rendezvous,
	"modula":           memcached.Modula,
	"ketama":           memcached.Ketama,
	"ketama-weighted":  memcached.KetamaWeighted,
	"python-memcached": memcached.PythonMemcached,
}

// Each rule takes the server that the Python client took, for 10,000 keys. See
// fixtures/gen/memcached_picks.py.
func TestPicks(t *testing.T) {
	raw, err := os.ReadFile("../../fixtures/memcached/picks.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]string, 10_000)
	for i := range keys {
		k := djcache.Keys{}
		if i%10 == 9 {
			k.Prefix = "sit\u00e9"
		}
		keys[i] = k.Key(fmt.Sprintf("django.contrib.sessions.cache%x", sha256.Sum256(fmt.Append(nil, i)))[:29+32])
	}
	counts, odd := map[string]map[int]bool{}, 0
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	for dec.More() {
		var row struct {
			Rule, By, First, SHA256 string
			Behaviors               map[string]any
			Servers                 []string
			Key                     string // instead of First and SHA256: one that is odd
			Pick                    int
		}
		if err := dec.Decode(&row); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%s of %s with %v over %v", row.Rule, row.By, row.Behaviors, row.Servers)
		servers, err := rules[row.Rule](row.Servers...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if row.Key != "" {
			if got := servers.Pick(row.Key); got != row.Pick {
				t.Errorf("%s: got %d for the odd key, want %d", name, got, row.Pick)
			}
			odd++
			continue
		}
		var got strings.Builder
		for _, key := range keys {
			fmt.Fprint(&got, servers.Pick(key))
		}
		if first := got.String()[:200]; first != row.First {
			t.Errorf("%s: got\n%s, want\n%s", name, first, row.First)
		} else if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(got.String()))); sum != row.SHA256 {
			t.Errorf("%s: one of the later keys is on another server", name)
		}
		if counts[row.Rule] == nil {
			counts[row.Rule] = map[int]bool{}
		}
		counts[row.Rule][len(row.Servers)] = true
	}
	if odd != 3 {
		t.Errorf("the fixture has %d odd keys, want 3", odd)
	}
	for rule := range rules {
		for _, n := range []int{1, 2, 3} {
			if !counts[rule][n] {
				t.Errorf("no fixture for %s over %d servers", rule, n)
			}
		}
		if !counts[rule][7] && !counts[rule][6] {
			t.Errorf("no fixture for %s over many servers", rule)
		}
	}
}

// Where an address leads to.
func TestAddresses(t *testing.T) {
	for _, test := range []struct{ address, network, addr string }{
		{"127.0.0.1:11212", "tcp", "127.0.0.1:11212"},
		{"cache.example.com", "tcp", "cache.example.com:11211"},
		{"cache:11212:3", "tcp", "cache:11212"},
		{"[::1]:5", "tcp", "[::1]:5"},
		{"[::1]", "tcp", "[::1]:11211"},
		{"[::1]:5:2", "tcp", "[::1]:5"},
		{"inet6:[::1]:5", "tcp", "[::1]:5"},
		{"inet:cache:5", "tcp", "cache:5"},
		{"unix:/run/m.sock", "unix", "/run/m.sock"},
		{"/run/m.sock", "unix", "/run/m.sock"},
	} {
		s, err := memcached.PythonMemcached(test.address)
		if err != nil {
			t.Errorf("%s: %v", test.address, err)
			continue
		}
		addr, err := s.PickServer("key")
		if err != nil || addr.Network() != test.network || addr.String() != test.addr {
			t.Errorf("%s: got %s %s (%v), want %s %s", test.address, addr.Network(), addr, err, test.network, test.addr)
		}
	}
}

func TestBadAddresses(t *testing.T) {
	for name, rule := range rules {
		for _, bad := range [][]string{nil, {""}, {"host:1", ""}, {":11211"}, {"host:"}, {"host:x"}, {"host:0"}, {"host:65536"}, {"host:1:0"},
			{"host:1:x"}, {"host:1:2:3"}, {"[::1"}, {"[]:1"}, {"[::1]x"}, {"[::1]1"}, {"unix:"}} {
			if _, err := rule(bad...); !errors.Is(err, djsession.ErrConfig) {
				t.Errorf("%s%q: got %v, want ErrConfig", name, bad, err)
			}
		}
	}
	if _, err := memcached.Rendezvous("host:1:2"); !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("Rendezvous with a weight: got %v, want ErrConfig", err)
	}
}

func TestLocation(t *testing.T) {
	got := memcached.Location("10.0.0.1:11211;10.0.0.2:11211,unix:/run/m.sock")
	if want := "10.0.0.1:11211|10.0.0.2:11211|unix:/run/m.sock"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
