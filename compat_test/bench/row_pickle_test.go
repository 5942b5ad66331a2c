package bench

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"testing"

	ogorek "github.com/kisielk/og-rek"
	gopickle "github.com/nlpodyssey/gopickle/pickle"

	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// Sessions as the engines of caches keep them. The pickles are those that CPython 3.11 wrote
// with protocol 5: a login (186 bytes) and a cart of a hundred items (7 KB).

func pickled(t testing.TB, vector string) []byte {
	t.Helper()
	f, err := os.Open("../../fixtures/pickle/cpython3.11.jsonl")
	must(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v struct {
			Name    string
			Pickles map[string]string
		}
		must(t, json.Unmarshal(lines.Bytes(), &v))
		if v.Name == vector {
			raw, err := base64.StdEncoding.DecodeString(v.Pickles["5"])
			must(t, err)
			return raw
		}
	}
	t.Fatalf("no pickle %s", vector)
	return nil
}

// cpython does the work of code, which has the pickle in raw and its value in value.
func cpython(t testing.TB, raw []byte, code string) []Entry {
	if withoutPython || !django.Has("6.1") {
		return nil
	}
	return []Entry{{Who: "CPython 3.13", Child: Python(t, django.Interpreter("6.1"), `
import base64, pickle
assert sys.version_info[:2] == (3, 13), sys.version
raw = base64.b64decode(args)
value = pickle.loads(raw)
def run(n):
    for i in range(n):
        `+code+"\n", base64.StdEncoding.EncodeToString(raw))}}
}

// asMaps turns dicts into maps, for og-rek.
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

func readByOthers(raw []byte) []Entry {
	return []Entry{
		{Who: "gopickle", Run: repeat(func() error {
			u := gopickle.NewUnpickler(bytes.NewReader(raw))
			_, err := u.Load()
			return err
		})},
		{Who: "og-rek", Run: repeat(func() error {
			_, err := ogorek.NewDecoder(bytes.NewReader(raw)).Decode()
			return err
		})},
	}
}

var errEmpty = errors.New("nothing was read")

func init() {
	const group = "Values in pickles"
	Add(Row{
		Group: group, Name: "read the login of a pickle",
		Short: "In a profile half of it is memory: 800 bytes for the parts of the pickle, which a save writes again as they were.",
		Reach: []Reach{{Peer: "CPython 3.13", Times: 1.2}, {Peer: "gopickle", Times: 0.25}},
		Make: func(t testing.TB) []Entry {
			raw := pickled(t, "login")
			all := []Entry{{Who: Ours, Run: repeat(func() error {
				d, err := pickle.Serializer{}.Loads(raw)
				if err != nil {
					return err
				}
				return readLogin(d)
			})}}
			return append(append(all, readByOthers(raw)...), cpython(t, raw, "pickle.loads(raw)")...)
		},
	}, Row{
		Group: group, Name: "read a pickled cart of 100, all of it",
		Before: "1.2 to 2.0× CPython",
		Reach:  []Reach{{Peer: "CPython 3.13", Times: 1}},
		Short:  "A third goes into the parts, which a save writes again as they were: pickle.Load does without. Most of the rest is memory; with GOGC=400 it takes as long as CPython.",
		Make: func(t testing.TB) []Entry {
			raw := pickled(t, "cart")
			all := []Entry{
				{Who: Ours, Run: repeat(func() error {
					d, err := pickle.Serializer{}.Loads(raw)
					if err != nil {
						return err
					}
					n := 0
					for range d.All() {
						n++
					}
					if n == 0 {
						return errEmpty
					}
					return nil
				})},
				{Who: "djsession, pickle.Load", Run: repeat(func() error {
					_, err := pickle.Load(raw, nil)
					return err
				})},
			}
			return append(append(all, readByOthers(raw)...), cpython(t, raw, "pickle.loads(raw)")...)
		},
	}, Row{
		Group: group, Name: "write a pickled login",
		Reach: []Reach{{Peer: "CPython 3.13", Times: 1.2}},
		Make:  func(t testing.TB) []Entry { return writePickle(t, "login") },
	}, Row{
		Group: group, Name: "write a pickled cart of 100",
		Before: "2.8 to 3.2× CPython, 69 KB of garbage",
		Short:  "CPython varies by a fifth here: this version was measured at 0.9 to 1.3. In a profile half is text, and a quarter the numbers under which a pickle remembers what it has.",
		Reach:  []Reach{{Peer: "CPython 3.13", Times: 1.2}, {Allocs: 2, Bytes: 1024}},
		Make:   func(t testing.TB) []Entry { return writePickle(t, "cart") },
	}, Row{
		Group: group, Name: "change one key of a pickled cart, and write it",
		Before: "about 3× CPython",
		Reach:  []Reach{{Peer: "CPython 3.13", Times: 1.2}, {Allocs: 2, Bytes: 1024}},
		Make: func(t testing.TB) []Entry {
			raw := pickled(t, "cart")
			s := pickle.Serializer{}
			d, err := s.Loads(raw)
			must(t, err)
			var dst []byte
			n := int64(0)
			return append([]Entry{{Who: Ours, Run: repeat(func() (err error) {
				n++
				dst, err = s.Dumps(dst[:0], d.With("visits", n%200+1000))
				return err
			})}}, cpython(t, raw, "value['visits'] = i; pickle.dumps(value, 5)")...)
		},
	})
}

// writePickle writes Go values, into memory that is there.
func writePickle(t testing.TB, vector string) []Entry {
	raw := pickled(t, vector)
	v, err := pickle.Load(raw, nil)
	must(t, err)
	var dst []byte
	m := asMaps(v)
	var buf bytes.Buffer
	return append([]Entry{
		{Who: Ours, Run: repeat(func() (err error) {
			dst, err = pickle.Append(dst[:0], v, &pickle.Options{Protocol: 5})
			if err == nil && !bytes.Equal(dst, raw) {
				err = errors.New("not the bytes of CPython")
			}
			return err
		})},
		{Who: "og-rek", Run: repeat(func() error {
			buf.Reset()
			return ogorek.NewEncoderWithConfig(&buf, &ogorek.EncoderConfig{Protocol: 5}).Encode(m)
		})},
	}, cpython(t, raw, "pickle.dumps(value, 5)")...)
}
