package rediscache_test

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/internal/pyobject"
	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

// formatNow is when the fixtures were written.
var formatNow = time.Unix(1700000000, 0)

// formatOf returns a format by the name that it has in the fixtures.
func formatOf(t testing.TB, name string, lim serializer.Limits, now time.Time) serializer.Serializer {
	t.Helper()
	if outer, inner, ok := strings.Cut(name, "+"); ok {
		wrap := map[string]func(serializer.Serializer, serializer.Limits) serializer.Serializer{
			"zlib": rediscache.Zlib, "gzip": rediscache.Gzip, "lzma": rediscache.LZMA, "lzma-alone": rediscache.LZMA,
			"lz4": rediscache.LZ4, "zstd": rediscache.Zstd,
		}[outer]
		return wrap(formatOf(t, inner, lim, now), lim)
	}
	switch name {
	case "pickle":
		return pickle.Serializer{Limits: lim}
	case "json":
		return rediscache.JSON{Limits: lim}
	case "msgpack":
		return rediscache.MsgPack{Limits: lim}
	case "herd":
		return rediscache.Herd(pickle.Serializer{Limits: lim}, func() time.Time { return now })
	}
	t.Fatalf("no format %q", name)
	return nil
}

type formatRow struct {
	By, Format, Sample, JSON, Value string
	raw                             []byte
}

// formatRows returns what fixtures/gen/cacheformats.py made, and the samples in JSON.
func formatRows(t testing.TB) (rows []formatRow, samples map[string]string) {
	t.Helper()
	raw, err := os.ReadFile("../../fixtures/cacheformats/values.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	samples = map[string]string{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	for dec.More() {
		var row formatRow
		if err := dec.Decode(&row); err != nil {
			t.Fatal(err)
		}
		if row.JSON != "" {
			samples[row.Sample] = row.JSON
			continue
		}
		if row.raw, err = hex.DecodeString(row.Value); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if len(rows) < 100 || len(samples) != 5 {
		t.Fatalf("the fixture has %d rows and %d samples", len(rows), len(samples))
	}
	return rows, samples
}

func taggedText(t testing.TB, v any) string {
	t.Helper()
	text, err := tagged.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func loadJSON(t testing.TB, text string) *serializer.Dict {
	t.Helper()
	d, err := serializer.JSON{}.Loads([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// decoded returns d with nothing of the text it was read from.
func decoded(d *serializer.Dict) *serializer.Dict {
	n := serializer.NewDict()
	for k, v := range d.All() {
		n = n.With(k.(string), v)
	}
	return n
}

// changed returns d as it was, but as if somebody had changed it.
func changed(d *serializer.Dict) *serializer.Dict { return d.With("x-x", 1).Without("x-x") }

// What django-redis wrote is read. What is written of the same dict, and of one
// that was read and not changed, are the same bytes where the compressor allows.
func TestFormatsOfDjango(t *testing.T) {
	rows, samples := formatRows(t)
	seen := map[string]int{}
	for _, row := range rows {
		name := row.Format + " of " + row.Sample + " by " + row.By
		f := formatOf(t, row.Format, serializer.Limits{}, formatNow)
		want := taggedText(t, loadJSON(t, samples[row.Sample]))
		d, err := f.Loads(slices.Clone(row.raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := taggedText(t, d); got != want {
			t.Errorf("%s: got %.300s, want %.300s", name, got, want)
			continue
		}
		seen[row.Format]++
		for how, d := range map[string]*serializer.Dict{"as it was read": d, "as if changed": changed(d), "from Go": decoded(loadJSON(t, samples[row.Sample]))} {
			raw, err := f.Dumps([]byte("before"), d)
			raw, ok := bytes.CutPrefix(raw, []byte("before"))
			if err != nil || !ok {
				t.Errorf("%s, %s: %v", name, how, err)
				continue
			}
			// Compressors differ, the HerdClient writes a tuple, and a pickle of what
			// was read from JSON shares other strings.
			exact := slices.Contains([]string{"json", "msgpack", "zlib+json"}, row.Format) ||
				how == "as it was read" && slices.Contains([]string{"pickle", "zlib+pickle"}, row.Format) && row.Sample != "long"
			if exact && !bytes.Equal(raw, row.raw) {
				t.Errorf("%s, %s: wrote %.200x, want %.200x", name, how, raw, row.raw)
			}
			again, err := f.Loads(raw)
			if err != nil {
				t.Errorf("%s, %s: read again: %v", name, how, err)
			} else if got := taggedText(t, again); got != want {
				t.Errorf("%s, %s: read again: got %.300s, want %.300s", name, how, got, want)
			}
		}
	}
	for _, name := range []string{"json", "msgpack", "zlib+pickle", "zlib+json", "gzip+pickle", "lzma+pickle", "lzma-alone+pickle", "lz4+pickle",
		"zstd+pickle", "zstd+json", "herd", "zlib+herd"} {
		if seen[name] < 4 {
			t.Errorf("%s: %d of the fixtures were read", name, seen[name])
		}
	}
}

// LZ4 and zstd frames tell the size of the content, as Python's do: some readers
// want it.
func TestFormatsTellSize(t *testing.T) {
	for name, flag := range map[string]byte{"lz4+json": 0x08, "zstd+json": 0x20} {
		raw, err := formatOf(t, name, serializer.Limits{}, formatNow).Dumps(nil, serializer.NewDict(serializer.Item{Key: "text", Value: "0123456789"}))
		if err != nil {
			t.Fatal(err)
		}
		if raw[4]&flag == 0 {
			t.Errorf("%s: the frame begins with %x", name, raw[:6])
		}
	}
}

// What is not longer than the min_length stays as it is, and what is no compressed
// stream is taken as it is.
func TestFormatsLeaveShort(t *testing.T) {
	for name, min := range map[string]int{"zlib+json": 15, "gzip+json": 15, "lzma+json": 100, "lz4+json": 15, "zstd+json": 15} {
		f := formatOf(t, name, serializer.Limits{}, formatNow)
		for _, size := range []int{min, min + 1} {
			plain := `{"k": "` + strings.Repeat("v", size-len(`{"k": ""}`)) + `"}`
			d, err := f.Loads([]byte(plain))
			if err != nil {
				t.Fatalf("%s: plain bytes: %v", name, err)
			}
			raw, err := f.Dumps(nil, d)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := string(raw) == plain, size <= min; got != want {
				t.Errorf("%s: %d bytes are left as they are: %v, want %v", name, size, got, want)
			}
		}
	}
}

func TestFormatHerd(t *testing.T) {
	rows, _ := formatRows(t)
	read := 0
	for _, row := range rows {
		if row.Format != "herd" || row.Sample != "small" {
			continue
		}
		read++
		// The fixture ends an hour after it was written.
		if _, err := formatOf(t, "herd", serializer.Limits{}, formatNow.Add(time.Hour)).Loads(row.raw); err != nil {
			t.Errorf("at its end: %v", err)
		}
		_, err := formatOf(t, "herd", serializer.Limits{}, formatNow.Add(time.Hour+time.Second)).Loads(row.raw)
		if !errors.Is(err, djsession.ErrExpired) {
			t.Errorf("after its end: got %v, want ErrExpired", err)
		}
		// Plain dicts are written, with the protocol of the tuple.
		f := formatOf(t, "herd", serializer.Limits{}, formatNow)
		d, err := f.Loads(row.raw)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := f.Dumps(nil, d.With("n", 8))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := hex.EncodeToString(raw), "80"+row.Value[2:4]+"951f000000000000007d94288c0d5f617574685f757365725f6964948c0131948c016e944b08752e"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if read == 0 {
		t.Error("no fixture was read")
	}
	f := formatOf(t, "herd", serializer.Limits{}, formatNow)
	marker := &serializer.Object{How: pyobject.New, Class: serializer.Global{Module: "django_redis.client.herd", Name: "Marker"}}
	other := &serializer.Object{How: pyobject.New, Class: serializer.Global{Module: "os", Name: "Marker"}}
	end, dict := int64(1<<40), serializer.NewDict()
	for why, v := range map[string]any{
		"a list":             []any{marker, dict, end},
		"a tuple of two":     serializer.Tuple{marker, dict},
		"no Marker":          serializer.Tuple{other, dict, end},
		"no object":          serializer.Tuple{int64(1), dict, end},
		"no dict in it":      serializer.Tuple{marker, []any{}, end},
		"an end that is one": serializer.Tuple{marker, dict, "1"},
	} {
		raw, err := pickle.Append(nil, v, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Loads(raw); !errors.Is(err, serializer.ErrNotDict) {
			t.Errorf("%s: got %v, want ErrNotDict", why, err)
		}
	}
}

//go:embed testdata/formats.py
var formatsPy string

// What Go writes, real django-redis reads: testdata/formats.py answers with the
// value as JSON.
func TestFormatsLive(t *testing.T) {
	_, samples := formatRows(t)
	for _, test := range []struct {
		version string
		formats []string
	}{
		{"3.2", []string{"pickle", "json", "msgpack", "zlib+pickle", "lzma+pickle", "lz4+pickle", "zstd+pickle", "zlib+json", "herd"}},
		{"6.1", []string{"pickle", "json", "msgpack", "zlib+pickle", "gzip+pickle", "lzma+pickle", "lz4+pickle", "zstd+pickle", "zstd+json", "herd"}},
	} {
		t.Run(test.version, func(t *testing.T) {
			if testing.Short() && test.version != "6.1" {
				t.Skip("one Django is enough")
			}
			t.Parallel()
			d := django.Start(t, django.Site{Version: test.version, Code: formatsPy})
			for _, format := range test.formats {
				f := formatOf(t, format, serializer.Limits{}, formatNow)
				for sample, text := range samples {
					raw, err := f.Dumps(nil, loadJSON(t, text))
					if err != nil {
						t.Fatal(err)
					}
					var got string
					d.Call(t, "read", django.Args{"format": format, "value": hex.EncodeToString(raw)}, &got)
					if got != text {
						t.Errorf("%s of %s: django-redis reads %.300s, want %.300s", format, sample, got, text)
					}
				}
			}
		})
	}
}

// In every format, Set takes what the cache can store and nothing else, whatever
// SESSION_SERIALIZER says, and the value is then what the cache returns.
func TestSetTakesWhatFits(t *testing.T) {
	values := map[string]any{
		"text": "a", "int": int64(1), "big int": new(big.Int).Lsh(big.NewInt(1), 70), "list": []any{int64(1), "b"},
		"tuple": serializer.Tuple{int64(1)}, "bytes": serializer.Bytes("\xff"), "set": serializer.Set{int64(1)},
		"int keys": serializer.NewDict(serializer.Item{Key: int64(1), Value: "one"}), "dict": serializer.NewDict(serializer.Item{Key: "a", Value: []any{}}),
		"datetime": serializer.NewDateTime(formatNow), "uuid": serializer.UUID{1},
	}
	for _, settings := range []serializer.Serializer{serializer.JSON{}, pickle.Serializer{}} {
		for _, name := range []string{"pickle", "json", "msgpack", "herd", "zlib+pickle", "gzip+json", "lzma+msgpack", "lz4+pickle", "zstd+pickle"} {
			site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("formats"), Serializer: settings})
			if err != nil {
				t.Fatal(err)
			}
			format, taken := formatOf(t, name, serializer.Limits{}, formatNow), 0
			m := djsession.New(cachestore.New(rediscache.New(site, redis.NewClient(&redis.Options{}), &rediscache.Options{Format: format}), nil))
			for what, v := range values {
				s, err := m.Open(t.Context(), "")
				if err != nil {
					t.Fatal(err)
				}
				_, fits := format.Dumps(nil, serializer.NewDict(serializer.Item{Key: "v", Value: v}))
				err = s.Set("v", v)
				if errors.Is(err, serializer.ErrType) != (fits != nil) || (err == nil) != (fits == nil) {
					t.Errorf("%s in %s: Set says %v, the format %v", what, name, err, fits)
				}
				if err != nil {
					continue
				}
				taken++
				raw, err := format.Dumps(nil, s.Dict())
				if err != nil {
					t.Errorf("%s in %s: %v", what, name, err)
					continue
				}
				back, err := format.Loads(raw)
				if err != nil {
					t.Fatal(err)
				}
				got, _ := s.Get("v")
				if want, _ := back.Get("v"); !reflect.DeepEqual(got, want) {
					t.Errorf("%s in %s: it is %T before and %T after", what, name, got, want)
				}
			}
			if taken < 4 {
				t.Errorf("%s takes %d values", name, taken)
			}
		}
	}
}
