package bench

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/fixtures"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// Sessions as the engines db and file keep them: signed JSON.

const (
	secret = "benchmark"
	salt   = "django.contrib.sessions.SessionStore"
)

func newSite(t testing.TB, change ...func(*djsession.Settings)) *djsession.Site {
	t.Helper()
	set := djsession.Settings{Keys: signer.SecretKey(secret)}
	for _, f := range change {
		f(&set)
	}
	site, err := djsession.NewSite(set)
	must(t, err)
	return site
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var login = map[string]any{
	"_auth_user_id":      "42",
	"_auth_user_backend": "django.contrib.auth.backends.ModelBackend",
	"_auth_user_hash":    "2437ea737e895cc3dff49b0a93c780f31351d7333bf66439e00d663642b72499",
}

// sized returns a session with a login whose JSON is about n bytes long: a cart.
func sized(n int) map[string]any {
	m := map[string]any{}
	for k, v := range login {
		m[k] = v
	}
	var items []any
	for i := 0; ; i++ {
		if i%8 == 0 || len(items) == 0 {
			m["cart"] = map[string]any{"currency": "EUR", "items": items}
			if text, _ := json.Marshal(m); len(text) >= n {
				return m
			}
		}
		items = append(items, map[string]any{
			"sku": fmt.Sprintf("TIKA-%04d", i), "name": fmt.Sprintf("dentidenstre %d lokaka", i*7919%1009),
			"qty": i%5 + 1, "price": float64(i*37%1000) + 0.25, "gift": i%3 == 0,
			"options": []any{i % 7, map[string]any{"size": "M", "colour": nil}},
		})
		if n > 20_000 && i%64 != 0 {
			continue
		}
	}
}

// floorDecode is what a program with only the standard library does: it checks the
// signature, undoes base64 and zlib, and decodes the JSON.
func floorDecode(key []byte, text string) (map[string]any, error) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return nil, errors.New("no signature")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text[:i]))
	sum := base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	if subtle.ConstantTimeCompare([]byte(sum), []byte(text[i+1:])) != 1 {
		return nil, errors.New("bad signature")
	}
	value, _, _ := strings.Cut(text[:i], ":")
	framed, compressed := strings.CutPrefix(value, ".")
	data, err := base64.RawURLEncoding.DecodeString(framed)
	if err != nil {
		return nil, err
	}
	if compressed {
		r, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if data, err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
	var session map[string]any
	return session, json.Unmarshal(data, &session)
}

// floorEncode is the reverse of floorDecode.
func floorEncode(key []byte, stamp string, session map[string]any) (string, error) {
	data, err := json.Marshal(session)
	if err != nil {
		return "", err
	}
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	w.Write(data)
	w.Close()
	dot := ""
	if packed.Len() < len(data)-1 {
		dot, data = ".", packed.Bytes()
	}
	value := dot + base64.RawURLEncoding.EncodeToString(data) + ":" + stamp
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(value))
	return value + ":" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

func floorKey(salt, secret string) []byte {
	key := sha256.Sum256([]byte(salt + "signer" + secret))
	return key[:]
}

const djangoSigning = `
import django
from django.conf import settings
settings.configure(SECRET_KEY=args["secret"], SESSION_ENGINE="django.contrib.sessions.backends.db", INSTALLED_APPS=["django.contrib.sessions", "django.contrib.contenttypes", "django.contrib.auth"])
django.setup()
from django.contrib.sessions.backends.db import SessionStore
store = SessionStore()
text = args.get("text")
data = args.get("data")
`

const djangoDecode = djangoSigning + `
from django.core import signing
assert signing.loads(text, salt=store.key_salt, serializer=store.serializer)["_auth_user_id"] == "42"
def run(n):
    for _ in range(n):
        d = store.decode(text)
        d["_auth_user_id"], d["_auth_user_backend"], d["_auth_user_hash"]
`

const djangoEncode = djangoSigning + `
def run(n):
    for _ in range(n):
        data["_auth_user_id"] = "1"
        store.encode(data)
`

// djangos returns the same work in each Django.
func djangos(t testing.TB, code string, args any) (all []Entry) {
	for _, v := range []string{"5.2", "6.1"} {
		if !withoutPython && django.Has(v) {
			all = append(all, Entry{Who: "Django " + v, Child: Python(t, django.Interpreter(v), code, args)})
		}
	}
	return all
}

func readLogin(d *serializer.Dict) error {
	for _, name := range []string{"_auth_user_id", "_auth_user_backend", "_auth_user_hash"} {
		v, err := serializer.Field(d, name, "")
		if err != nil || v == "" {
			return fmt.Errorf("no %s: %w", name, err)
		}
	}
	return nil
}

// repeat makes a Run of what is done once.
func repeat(f func() error) func(int) error {
	return func(n int) error {
		for range n {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	}
}

func payload(t testing.TB, name string) fixtures.Benchmark {
	t.Helper()
	all, err := fixtures.Benchmarks()
	must(t, err)
	for _, b := range all {
		if b.Name == name {
			return b
		}
	}
	t.Fatalf("no payload %s", name)
	return fixtures.Benchmark{}
}

// decodeRow verifies and decodes, and reads the login.
func decodeRow(what, name string) Row {
	return Row{
		Group: "Values in JSON", Name: "verify, decode and read the login: " + what,
		Reach: []Reach{{Peer: "floor", Times: 0.25}, {Peer: "Django 6.1", Times: 0.5}, {Allocs: 12}},
		Make: func(t testing.TB) []Entry {
			b := payload(t, name)
			site := newSite(t, func(s *djsession.Settings) {
				s.Keys, s.Now = signer.SecretKey(b.Secret), func() time.Time { return fixtures.Time(b.Now) }
			})
			key := floorKey(b.Salt, b.Secret)
			return append([]Entry{
				{Who: Ours, Run: repeat(func() error {
					d, err := site.Decode(b.Payload)
					if err != nil {
						return err
					}
					return readLogin(d)
				})},
				{Who: "floor", Run: repeat(func() error {
					_, err := floorDecode(key, b.Payload)
					return err
				})},
			}, djangos(t, djangoDecode, map[string]any{"secret": b.Secret, "text": b.Payload})...)
		},
	}
}

// sizes are lengths of a session's JSON.
var sizes = []struct {
	name  string
	bytes int
	// What the first version took.
	read, written string
}{
	{"2 KB", 2000, "0.50× floor", ""},
	{"10 KB", 10_000, "0.77× floor, 1.3× Django", ""},
	{"100 KB", 100_000, "1.3× floor, 1.7 to 2.0× Django", "1.1 to 1.2× Django"},
	{"1 MB", 1_000_000, "1.1× floor, 1.7 to 2.0× Django", "1.1 to 1.2× Django"},
}

// encoded returns a session as Django would store it.
func encoded(t testing.TB, site *djsession.Site, data map[string]any) string {
	t.Helper()
	frozen := []serializer.Item{}
	for k, v := range data {
		f, err := site.Settings().Serializer.Freeze(v)
		must(t, err)
		frozen = append(frozen, serializer.Item{Key: k, Value: f})
	}
	text, err := site.Encode(serializer.NewDict(frozen...))
	must(t, err)
	return text
}

func init() {
	written := 0
	Add(decodeRow("231 bytes", "login"), decodeRow("2 KB, nested", "nested"), decodeRow("2 KB of strings", "strings"))
	for _, s := range sizes {
		Add(Row{
			Group: "Values in JSON", Name: "verify, decode and read all: " + s.name, Before: s.read,
			Reach: []Reach{{Peer: "floor", Times: 0.5}, {Peer: "Django 6.1", Times: 1}},
			Make: func(t testing.TB) []Entry {
				site := newSite(t, roomy)
				text := encoded(t, site, sized(s.bytes))
				key := floorKey(salt, secret)
				return append([]Entry{
					{Who: Ours, Run: repeat(func() error {
						d, err := site.Decode(text)
						if err != nil {
							return err
						}
						n := 0
						for range d.All() {
							n++
						}
						if n != 4 {
							return fmt.Errorf("%d keys", n)
						}
						return nil
					})},
					{Who: "djsession, map[string]any", Run: repeat(func() error {
						d, err := site.Decode(text)
						if err != nil {
							return err
						}
						m, err := djsession.Value(djsession.ReaderOf(d), "cart", map[string]any(nil))
						if err == nil && len(m) != 2 {
							err = errors.New("no cart")
						}
						return err
					})},
					{Who: "floor", Run: repeat(func() error {
						_, err := floorDecode(key, text)
						return err
					})},
				}, djangos(t, djangoDecode, map[string]any{"secret": secret, "text": text})...)
			},
		})
	}
	for _, s := range append(slices.Clone(sizes[:1]), sizes...) {
		if written++; written == 1 {
			s.name, s.bytes = "login", 0
		}
		Add(Row{
			Group: "Values in JSON", Name: "change one key, encode and sign: " + s.name, Before: s.written,
			Reach: []Reach{{Peer: "Django 6.1", Times: 1}, {Peer: "floor", Times: 1}},
			Make: func(t testing.TB) []Entry {
				data := sized(s.bytes)
				if s.bytes == 0 {
					data = login
				}
				site := newSite(t, roomy)
				text := encoded(t, site, data)
				d, err := site.Decode(text)
				must(t, err)
				key := floorKey(salt, secret)
				session, err := floorDecode(key, text)
				must(t, err)
				return append([]Entry{
					{Who: Ours, Run: repeat(func() error {
						v, err := site.Settings().Serializer.Freeze("1")
						if err == nil {
							_, err = site.Encode(d.With("_auth_user_id", v))
						}
						return err
					})},
					{Who: "floor", Run: repeat(func() error {
						session["_auth_user_id"] = "1"
						_, err := floorEncode(key, "1r31eq", session)
						return err
					})},
				}, djangos(t, djangoEncode, map[string]any{"secret": secret, "data": data})...)
			},
		})
	}
}

// roomy lets a session be as large as the largest of the rows.
func roomy(s *djsession.Settings) { s.Limits.Payload = 8 << 20 }
