package pyliteral

import (
	"strings"
	"testing"
)

// FuzzParse: no text makes it panic, and what is read of a text is what is read of
// it as the only item of a list.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{'a': [1, 2.5, None], u'b': ('\x41', b'x'), 'c': {1, 2}}`, `datetime.timedelta(days=1, seconds=-2)`, `PosixPath('/a')`,
		`[<function <lambda> at 0x7f>, f(1, 'a)'), 1+2j]`, `OrderedDict([('a', frozenset({1}))])`, `'\ud800\U0001f600'`, `<it's>`, `-inf`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse(text, Options{MaxDepth: 20})
		if err != nil || strings.ContainsAny(text, "\n#<") {
			return
		}
		if o, ok := v.(Opaque); ok && strings.ContainsAny(o.Text(), ",:>") {
			return // text may hold what would end it elsewhere
		}
		in, err := Parse("["+text+"]", Options{MaxDepth: 21})
		if err != nil {
			t.Fatalf("in a list: %v", err)
		}
		if list, ok := in.(List); !ok || len(list) != 1 {
			t.Fatalf("in a list: got %v", in)
		}
	})
}
