package redistest

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
)

// The tests that use this run in a folder two levels below the module's.
const root = "../.."

// Secret is the SECRET_KEY of every Django here.
const Secret = "fixtures-key"

// Djangos are the versions in fixtures/redis, Living those of the live tests.
var (
	Djangos = []string{"2.2", "3.2", "4.2", "5.2", "6.1"}
	Living  = []string{"4.2", "5.2", "6.1"}
)

// Config is what fixtures/gen/redis_django.py takes.
type Config struct {
	URLs    []string       `json:"urls,omitempty"`
	Engine  string         `json:"engine,omitempty"`  // of redis_sessions
	Prefix  string         `json:"prefix,omitempty"`  // of redis_sessions
	Backend string         `json:"backend,omitempty"` // of a cache
	Options map[string]any `json:"options,omitempty"` // of a cache
	Cache   Cache          `json:"cache,omitzero"`
}

// Cache is the part of an entry of CACHES that keys are made of.
type Cache struct {
	KeyPrefix string `json:"KEY_PREFIX,omitempty"`
	Version   *int   `json:"VERSION,omitempty"`
}

// Keys returns c as the package djcache has it.
func (c Cache) Keys() djcache.Keys { return djcache.Keys{Prefix: c.KeyPrefix, Version: c.Version} }

// Vector is a line of fixtures/redis: what a Django kept of a session.
type Vector struct {
	Name       string          `json:"name"`
	Why        string          `json:"why"`
	Config     Config          `json:"config"`
	SessionKey string          `json:"session_key"`
	Data       json.RawMessage `json:"data"` // with _session_expiry, where there is an Expiry
	Expiry     *int            `json:"expiry"`
	Key        string          `json:"key"`
	Value      string          `json:"value"` // hex
	TTL        int             `json:"ttl"`   // seconds
}

// Dict returns the data of the session.
func (v Vector) Dict(t testing.TB) *serializer.Dict {
	t.Helper()
	d, err := serializer.JSON{}.Loads(v.Data)
	if err != nil {
		t.Fatal(err)
	}
	if v.Expiry != nil {
		d = d.With("_session_expiry", int64(*v.Expiry))
	}
	return d
}

// Raw returns the bytes of the value.
func (v Vector) Raw(t testing.TB) string {
	t.Helper()
	raw, err := hex.DecodeString(v.Value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Vectors returns the vectors of a Django whose names begin with one of the
// prefixes.
func Vectors(t testing.TB, django string, prefixes ...string) []Vector {
	t.Helper()
	file, err := os.Open(filepath.Join(root, "fixtures/redis/django"+django+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []Vector
	for dec := json.NewDecoder(file); ; {
		dec.DisallowUnknownFields()
		var v Vector
		if err := dec.Decode(&v); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, p := range prefixes {
			if strings.HasPrefix(v.Name, p) {
				all = append(all, v)
			}
		}
	}
	if len(all) == 0 {
		t.Fatalf("Django %s wrote nothing that begins with %q", django, prefixes)
	}
	return all
}

// Site returns a site of that Django.
func Site(t testing.TB, django string, set djsession.Settings) *djsession.Site {
	t.Helper()
	var err error
	if set.Django, err = djsession.ParseDjangoVersion(django); err != nil {
		t.Fatal(err)
	}
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// Django is a real one, at work beside the test.
type Django struct {
	t   testing.TB
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

// StartDjango starts one of a version.
func StartDjango(t testing.TB, version string, config Config) *Django {
	t.Helper()
	python, err := filepath.Abs(filepath.Join(root, "compat_test/.venv/django"+version, "bin/python"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		testserver.Lacks(t, "there is no Django "+version+": run compat_test/setup.sh")
	}
	arg, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, filepath.Join(root, "fixtures/gen/redis_django.py"), string(arg))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("Django: %v", err)
		}
	})
	return &Django{t: t, in: in, out: bufio.NewReader(out)}
}

// Command is what a Django is told to do.
type Command struct {
	Command string `json:"command"` // create, load, set, delete, cache, version
	Key     string `json:"key,omitempty"`
	Data    any    `json:"data,omitempty"`
	Expiry  any    `json:"expiry,omitempty"`
}

// Do carries out a command. The answer is JSON.
func (d *Django) Do(c Command) string {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := json.NewEncoder(d.in).Encode(c); err != nil {
		d.t.Errorf("tell Django: %v", err)
	}
	answer, err := d.out.ReadString('\n')
	if err != nil {
		d.t.Errorf("ask Django: %v", err)
	}
	return strings.TrimSpace(answer)
}

// Key is Do for a command that answers by a session key.
func (d *Django) Key(c Command) string {
	d.t.Helper()
	var key string
	if err := json.Unmarshal([]byte(d.Do(c)), &key); err != nil {
		d.t.Fatalf("%s: Django answered by no key: %v", c.Command, err)
	}
	return key
}

// URL is that of a Rig of one server.
func (r *Rig) URL() string {
	return "redis://" + r.Other.(*redis.Client).Options().Addr + "/0"
}
