package pickle_test

import (
	"bytes"
	"testing"

	ogorek "github.com/kisielk/og-rek"
	gopickle "github.com/nlpodyssey/gopickle/pickle"

	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// The benchmarks read and write two sessions as CPython 3.11 pickled them with
// protocol 5: a login (186 bytes) and a cart of a hundred items. TestCPython tells
// how long CPython takes for the same.

var loginKeys = []string{"_auth_user_id", "_auth_user_backend", "_auth_user_hash"}

func BenchmarkReadLogin(b *testing.B) {
	raw := find(b, "cpython3.11", "login", 5)
	b.Run("djsession", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			readLogin(b, raw)
		}
	})
	readByOthers(b, raw)
}

// readLogin reads what djauth reads.
func readLogin(t testing.TB, raw []byte) {
	d, err := pickle.Serializer{}.Loads(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range loginKeys {
		if v, _ := d.Get(key); v == nil {
			t.Fatal("a key is not there")
		}
	}
}

func BenchmarkReadCart(b *testing.B) {
	raw := find(b, "cpython3.11", "cart", 5)
	b.Run("djsession", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			readAll(b, raw)
		}
	})
	b.Run("djsession-load", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			load(b, raw)
		}
	})
	readByOthers(b, raw)
}

// readAll reads every value to the bottom.
func readAll(t testing.TB, raw []byte) {
	d, err := pickle.Serializer{}.Loads(raw)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for range d.All() {
		n++
	}
	if n == 0 {
		t.Fatal("nothing was read")
	}
}

// load reads a pickle as gopickle does: all of it at once.
func load(t testing.TB, raw []byte) {
	if _, err := pickle.Load(raw, nil); err != nil {
		t.Fatal(err)
	}
}

func readByOthers(b *testing.B, raw []byte) {
	b.Run("gopickle", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			u := gopickle.NewUnpickler(bytes.NewReader(raw))
			if _, err := u.Load(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("og-rek", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ogorek.NewDecoder(bytes.NewReader(raw)).Decode(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkWriteLogin(b *testing.B) { benchmarkWrite(b, find(b, "cpython3.11", "login", 5)) }
func BenchmarkWriteCart(b *testing.B)  { benchmarkWrite(b, find(b, "cpython3.11", "cart", 5)) }

// benchmarkWrite writes the values of a session: as Go values, as the session that
// was read and had a key changed, and by og-rek, from maps, as it has no other way.
func benchmarkWrite(b *testing.B, raw []byte) {
	v, err := pickle.Load(raw, nil)
	if err != nil {
		b.Fatal(err)
	}
	var s pickle.Serializer
	b.Run("djsession", func(b *testing.B) {
		b.ReportAllocs()
		var dst []byte
		for b.Loop() {
			if dst, err = pickle.Append(dst[:0], v, &pickle.Options{Protocol: 5}); err != nil {
				b.Fatal(err)
			}
		}
		if !bytes.Equal(dst, raw) {
			b.Fatal("not the bytes of CPython")
		}
	})
	b.Run("djsession-changed", func(b *testing.B) {
		d, err := s.Loads(raw)
		if err != nil {
			b.Fatal(err)
		}
		d = d.With("visits", int64(1))
		b.ReportAllocs()
		var dst []byte
		for b.Loop() {
			if dst, err = s.Dumps(dst[:0], d); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("og-rek", func(b *testing.B) {
		m := asMaps(v)
		b.ReportAllocs()
		var buf bytes.Buffer
		for b.Loop() {
			buf.Reset()
			if err := ogorek.NewEncoderWithConfig(&buf, &ogorek.EncoderConfig{Protocol: 5}).Encode(m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// asMaps turns dicts into maps.
func asMaps(v any) any {
	switch v := v.(type) {
	case *serializer.Dict:
		m := map[string]any{}
		for k, x := range v.All() {
			m[k.(string)] = asMaps(x)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i := range v {
			l[i] = asMaps(v[i])
		}
		return l
	}
	return v
}
