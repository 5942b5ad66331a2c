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
	"fmt"
	"io"
	"math"
	"runtime"
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

// carts are sessions of lists and dicts, as Site encodes them: about 2, 10 and 100 KB and 1
// MB of JSON.
func carts(tb testing.TB) (key []byte, site *djsession.Site, all map[string]string) {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("secret")})
	must(tb, err)
	sum := sha256.Sum256([]byte("django.contrib.sessions.SessionStore" + "signer" + "secret"))
	all = map[string]string{}
	for name, n := range map[string]int{"2KB": 15, "10KB": 75, "100KB": 750, "1MB": 7500} {
		var b strings.Builder
		b.WriteString(`{"_auth_user_id":"1","cart":{"currency":"EUR","items":[`)
		for i := range n {
			fmt.Fprintf(&b, `{"sku":"SKU-%05d","name":"Article number %d","qty":%d,"price":%d.%02d,"gift":%t,"tags":["a%d","new"],"note":null},`,
				i, i*7919%10007, i%9+1, i*31%100, i*17%100, i%3 == 0, i%5)
		}
		b.WriteString("null]}}")
		d, err := serializer.JSON{}.Loads([]byte(b.String()))
		must(tb, err)
		all[name], err = site.Encode(d)
		must(tb, err)
	}
	return sum[:], site, all
}

// readAll decodes text and reads all values.
func readAll(tb testing.TB, site *djsession.Site, text string) {
	d, err := site.Decode(text)
	must(tb, err)
	n := 0
	for range d.All() {
		n++
	}
	if n != 2 {
		tb.Fatalf("got %d values", n)
	}
}

// readMap decodes text and reads its largest value as a map.
func readMap(tb testing.TB, site *djsession.Site, text string) {
	d, err := site.Decode(text)
	must(tb, err)
	m, err := djsession.Value[map[string]any](djsession.ReaderOf(d), "cart", nil)
	must(tb, err)
	if len(m) != 2 {
		tb.Fatalf("got %d values", len(m))
	}
}

// TestReadAllAllocates bounds what reading all values costs: the allocations, and the bytes
// in times the length of the JSON. Time is compared with the floor: it is less than half of
// the floor's, and two thirds fail.
func TestReadAllAllocates(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates")
	}
	key, site, all := carts(t)
	for _, c := range []struct {
		name   string
		allocs float64
		times  float64
	}{{"2KB", 40, 7}, {"10KB", 60, 6}, {"100KB", 220, 6}, {"1MB", 1500, 8}} {
		session, err := floorDecode(key, all[c.name])
		must(t, err)
		data, err := json.Marshal(session)
		must(t, err)
		for way, read := range map[string]func(testing.TB, *djsession.Site, string){"all": readAll, "a map": readMap} {
			f := func() { read(t, site, all[c.name]) }
			if got := testing.AllocsPerRun(20, f); got > c.allocs {
				t.Errorf("%s, %s: %v allocations, want at most %v", c.name, way, got, c.allocs)
			}
			if got := bytesPerRun(20, f) / float64(len(data)); got > c.times {
				t.Errorf("%s, %s: allocates %.1f times the length of the JSON, want at most %v", c.name, way, got, c.times)
			}
		}
	}
	if testing.Short() {
		return // measures
	}
	for name, read := range map[string]func(testing.TB, *djsession.Site, string){"all": readAll, "a map": readMap} {
		var ours, floor time.Duration
		for range 60 { // the shortest counts: others use the machine too
			start := time.Now()
			read(t, site, all["10KB"])
			middle := time.Now()
			if _, err := floorDecode(key, all["10KB"]); err != nil {
				t.Fatal(err)
			}
			end := time.Now()
			if took := middle.Sub(start); ours == 0 || took < ours {
				ours = took
			}
			if took := end.Sub(middle); floor == 0 || took < floor {
				floor = took
			}
		}
		t.Logf("%s: %v, the floor %v", name, ours, floor)
		if ours > floor*2/3 {
			t.Errorf("%s: %v, more than two thirds of the %v of the floor", name, ours, floor)
		}
	}
}

// bytesPerRun is [testing.AllocsPerRun] for bytes: the least of some runs, in which no other
// test allocates.
func bytesPerRun(runs int, f func()) float64 {
	least := uint64(math.MaxUint64)
	for range runs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return float64(least)
}

// TestEncodeAllocates bounds what encoding a large session costs.
func TestEncodeAllocates(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates")
	}
	_, site, all := carts(t)
	for name, text := range all {
		d, err := site.Decode(text)
		must(t, err)
		if got := testing.AllocsPerRun(5, func() {
			_, err := site.Encode(d)
			must(t, err)
		}); got > 12 {
			t.Errorf("%s: %v allocations, want at most 12", name, got)
		}
	}
}

// BenchmarkReadAll verifies and decodes a payload, and reads all values.
func BenchmarkReadAll(b *testing.B) {
	key, site, all := carts(b)
	for _, name := range []string{"2KB", "10KB", "100KB", "1MB"} {
		for way, read := range map[string]func(){
			"all":   func() { readAll(b, site, all[name]) },
			"map":   func() { readMap(b, site, all[name]) },
			"floor": func() { _, err := floorDecode(key, all[name]); must(b, err) },
		} {
			b.Run(name+"/"+way, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					read()
				}
			})
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
