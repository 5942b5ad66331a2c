package pickle

import (
	"math/big"
	"reflect"
	"testing"

	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/serializer"
)

// seed adds pickles of the corpus and hostile ones.
func seed(f *testing.F) {
	seeds := 0
	for _, p := range corpus(f) {
		switch p.file {
		case "cpython2.7", "cpython3.11", "django1.11", "django3.2", "django5.2":
			if len(p.raw) <= 1500 {
				f.Add(p.raw)
				seeds++
			}
		}
	}
	for _, c := range hostile {
		if len(c.raw) <= 1500 {
			f.Add([]byte(c.raw))
			seeds++
		}
	}
	if seeds < 500 {
		f.Fatalf("only %d seeds", seeds)
	}
}

// FuzzLoad reads anything, in bounded time and memory.
func FuzzLoad(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		var v any
		var err error
		_, bytes := measure(func() { v, err = Load(raw, nil) })
		if most := uint64(1<<20 + 200*len(raw)); bytes > most {
			t.Errorf("took %d bytes for %d", bytes, len(raw))
		}
		if err != nil {
			return
		}
		if d, ok := v.(*serializer.Dict); ok {
			lazy, err := Serializer{}.Loads(raw)
			if err != nil {
				// Each value of it alone may be too much.
				return
			}
			if lazy.Len() != d.Len() {
				t.Errorf("%d keys, or %d", lazy.Len(), d.Len())
			}
			for range lazy.All() {
			}
		}
	})
}

// FuzzRoundTrip writes whatever can be read, and reads it again.
func FuzzRoundTrip(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) { checkAny(t, raw) })
}

// FuzzWriteRead makes values in Go, writes them with every protocol, and reads the
// same.
func FuzzWriteRead(f *testing.F) {
	seeds := 0
	for i := range 256 {
		f.Add([]byte{byte(i), 3, byte(i + 1), 200, byte(i * 7), 9, 14, byte(i * 3), 'a', 'b', 0xC3, 0xA9})
		seeds++
	}
	if seeds == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		g := valueMaker{raw: raw}
		v := g.value(0)
		want := plain(describe(v))
		for protocol := 2; protocol <= MaxProtocol; protocol++ {
			written, err := Append(nil, v, &Options{Protocol: protocol})
			if err != nil {
				t.Fatalf("protocol %d: %v", protocol, err)
			}
			again, err := Load(written, nil)
			if err != nil {
				t.Fatalf("protocol %d: %v\n%q", protocol, err, written)
			}
			if got := plain(describe(again)); !reflect.DeepEqual(got, want) {
				t.Fatalf("protocol %d:\ngot  %v\nwant %v\n%q", protocol, got, want, written)
			}
		}
	})
}

// valueMaker makes a value as some bytes say.
type valueMaker struct {
	raw  []byte
	made []any // what may be held again
}

func (g *valueMaker) byte() int {
	if len(g.raw) == 0 {
		return 0
	}
	b := g.raw[0]
	g.raw = g.raw[1:]
	return int(b)
}

func (g *valueMaker) text(n int) string {
	n = min(n, len(g.raw))
	s := string(g.raw[:n])
	g.raw = g.raw[n:]
	if !validText(s) {
		return ""
	}
	return s
}

func (g *valueMaker) note(v any) any {
	g.made = append(g.made, v)
	return v
}

func (g *valueMaker) value(depth int) any {
	kind := g.byte()
	if depth > 20 || len(g.raw) == 0 {
		kind %= 8
	}
	switch kind % 20 {
	case 0:
		return nil
	case 1:
		return kind > 100
	case 2:
		return int64(g.byte()) - 128
	case 3:
		return (int64(g.byte()) - 128) << (g.byte() % 57)
	case 4:
		n := new(big.Int).Lsh(big.NewInt(int64(g.byte())-128), uint(g.byte()))
		if n.IsInt64() {
			return n.Int64()
		}
		return n
	case 5:
		return float64(g.byte()) / 7
	case 6:
		return g.text(g.byte())
	case 7:
		return serializer.Bytes(g.text(g.byte()))
	case 8:
		return g.note(newByteArray(g.text(g.byte())))
	case 9, 10:
		items := make([]any, g.byte()%8, 8)
		g.note(items)
		return g.fill(items, depth)
	case 11, 12:
		// Without what is noted, for a tuple that is written alone may not hold itself.
		items := make([]any, 1+g.byte()%6, 8)
		return g.note(serializer.Tuple(g.fill(items, depth)))
	case 13, 14:
		b := pydict.NewSlab().Builder(10, 1, 10)
		d := g.note(b.Dict())
		there := map[any]bool{}
		for range g.byte() % 10 {
			var key any
			if g.byte()%4 == 0 {
				key = int64(g.byte())
			} else {
				key = g.text(g.byte() % 16)
			}
			value := g.value(depth + 1)
			if there[key] {
				continue
			}
			there[key] = true
			if name, ok := key.(string); ok {
				b.Add(name, value)
			} else {
				b.AddKey(key, value)
			}
		}
		b.Done(nil)
		return d
	case 15:
		n := g.byte() % 10
		items := make([]any, n, 10)
		for i := range items {
			items[i] = int64(i)
		}
		if kind > 128 {
			return g.note(serializer.Set(items))
		}
		return g.note(serializer.FrozenSet(items))
	case 16:
		return serializer.Date{Year: 1 + g.byte(), Month: 1 + g.byte()%12, Day: 1 + g.byte()%28}
	case 17:
		return serializer.Decimal([]string{"1.5", "0", "NaN", "1E+3"}[g.byte()%4])
	case 18:
		return serializer.TimeDelta{Days: g.byte() - 128, Seconds: g.byte() * 300, Microseconds: g.byte()}
	}
	if len(g.made) == 0 {
		return nil
	}
	return g.made[g.byte()%len(g.made)]
}

func (g *valueMaker) fill(items []any, depth int) []any {
	for i := range items {
		items[i] = g.value(depth + 1)
	}
	return items
}
