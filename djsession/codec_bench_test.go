package djsession_test

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/fixtures"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// floorDecode does what a program with only the standard library does: it checks the
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

type payload struct {
	fixtures.Benchmark
	site *djsession.Site
	key  []byte
}

func payloads(tb testing.TB) []payload {
	tb.Helper()
	bs, err := fixtures.Benchmarks()
	must(tb, err)
	var all []payload
	for _, b := range bs {
		site, err := djsession.NewSite(djsession.Settings{
			Keys: signer.SecretKey(b.Secret), Now: func() time.Time { return fixtures.Time(b.Now) },
		})
		must(tb, err)
		key := sha256.Sum256([]byte(b.Salt + "signer" + b.Secret))
		all = append(all, payload{b, site, key[:]})
	}
	return all
}

// readLogin reads what a request reads to find out who is logged in.
func readLogin(d *serializer.Dict) (n int, err error) {
	for _, name := range []string{"_auth_user_id", "_auth_user_backend", "_auth_user_hash"} {
		v, err := serializer.Field(d, name, "")
		if err != nil {
			return 0, err
		}
		n += len(v)
	}
	return n, nil
}

// TestFloor checks that the floor is fair: it reads and writes the same.
func TestFloor(t *testing.T) {
	for _, p := range payloads(t) {
		floor, err := floorDecode(p.key, p.Payload)
		must(t, err)
		d, err := p.site.Decode(p.Payload)
		must(t, err)
		if len(floor) != d.Len() || d.Len() < 3 {
			t.Errorf("%s: got %d keys from the floor and %d from Decode", p.Name, len(floor), d.Len())
		}
		text, err := floorEncode(p.key, "1r31eq", floor)
		must(t, err)
		if _, err := p.site.Decode(text); err != nil {
			t.Errorf("%s: what the floor encodes: %v", p.Name, err)
		}
	}
}

// TestDecodeAllocates checks the promised limits for a login.
func TestDecodeAllocates(t *testing.T) {
	for _, p := range payloads(t) {
		if p.Name != "login" || underRace {
			continue
		}
		r := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d, _ := p.site.Decode(p.Payload)
				readLogin(d)
			}
		})
		if r.AllocsPerOp() > 12 || r.AllocedBytesPerOp() > 1536 {
			t.Errorf("got %d allocations and %d bytes, want at most 12 and 1536", r.AllocsPerOp(), r.AllocedBytesPerOp())
		}
	}
}

// BenchmarkDecode verifies and decodes a payload, and reads the login from it.
func BenchmarkDecode(b *testing.B) {
	for _, p := range payloads(b) {
		b.Run(p.Name+"/djsession", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d, err := p.site.Decode(p.Payload)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := readLogin(d); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(p.Name+"/floor", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := floorDecode(p.key, p.Payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncode encodes and signs the session of a payload: as it was read, with one
// key changed (as a request does), and by the floor.
func BenchmarkEncode(b *testing.B) {
	for _, p := range payloads(b) {
		d, err := p.site.Decode(p.Payload)
		must(b, err)
		b.Run(p.Name+"/djsession", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v, _ := p.site.Settings().Serializer.Freeze("1")
				if _, err := p.site.Encode(d.With("_auth_user_id", v)); err != nil {
					b.Fatal(err)
				}
			}
		})
		session, err := floorDecode(p.key, p.Payload)
		must(b, err)
		b.Run(p.Name+"/floor", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				session["_auth_user_id"] = "1"
				if _, err := floorEncode(p.key, "1r31eq", session); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
