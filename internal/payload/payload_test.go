package payload

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/pyobject"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

const secret = "fixtures-secret-key-not-used-anywhere-else"

// codec returns a Codec for a version of Django.
func codec(t *testing.T, v djsession.DjangoVersion) *Codec {
	t.Helper()
	keys := signer.SecretKey(secret)
	s, err := signer.NewTimestamp(keys, signer.Options{Salt: SessionSalt})
	if err != nil {
		t.Fatal(err)
	}
	site, err := djsession.NewSite(djsession.Settings{Keys: keys, Django: v})
	if err != nil {
		t.Fatal(err)
	}
	return &Codec{Signer: s, Site: site, Old: v != djsession.DjangoVersion{} && v.Before(3, 1), Serializer: Any{}}
}

// TestCodec: a Codec reads what it wrote, with the same key and without one, but not with a
// changed byte. JSON stays JSON, and a pickle stays a pickle.
func TestCodec(t *testing.T) {
	dict := serializer.NewDict(serializer.Item{Key: "n", Value: int64(7)})
	data, err := pickle.Serializer{}.Dumps(nil, dict)
	if err != nil {
		t.Fatal(err)
	}
	pickled, err := Any{}.Loads(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		django djsession.DjangoVersion
		dict   *serializer.Dict
		pickle bool
	}{
		{name: "JSON", dict: dict},
		{name: "a pickle", dict: pickled, pickle: true},
		{name: "before 3.1", django: djsession.DjangoVersion{Major: 2, Minor: 2}, dict: dict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := codec(t, tt.django)
			text, err := c.Encode(tt.dict)
			if err != nil {
				t.Fatal(err)
			}
			for _, reader := range []*Codec{c, {Blind: true}} {
				d, err := reader.Decode(text)
				if err != nil {
					t.Fatalf("blind %t: %v", reader.Blind, err)
				}
				if n, _ := d.Get("n"); n != int64(7) || WasPickle(d) != tt.pickle {
					t.Errorf("blind %t: got %v, a pickle %t", reader.Blind, n, WasPickle(d))
				}
			}
			other := "A"
			if text[6] == 'A' {
				other = "B"
			}
			if _, err := c.Decode(text[:6] + other + text[7:]); err == nil {
				t.Error("with a byte changed: got no error")
			}
		})
	}
	c := codec(t, djsession.DjangoVersion{})
	c.MaxAge = new(time.Duration)
	*c.MaxAge = time.Hour
	if _, err := c.Decode("eyJ2aXNpdHMiOjd9:1r31eq:T75S6HdnN8JQd-quCfoREJa9Qr-7hG6spzUx-3OymeQ"); !errors.Is(err, signer.ErrSignatureExpired) {
		t.Errorf("too old: got %v", err)
	}
}

// TestBarePickle: the three forms in which databases and caches show a pickle.
func TestBarePickle(t *testing.T) {
	const raw = "\x80\x05}\x94."
	for _, text := range []string{raw, base64.StdEncoding.EncodeToString([]byte(raw)), hex.EncodeToString([]byte(raw)), `\x` + hex.EncodeToString([]byte(raw)), "0x" + hex.EncodeToString([]byte(raw))} {
		if got := BarePickle(text); string(got) != raw {
			t.Errorf("%q: got %q", text, got)
		}
	}
	for _, text := range []string{"", "{}", "eyJ2aXNpdHMiOjd9", "8005"} {
		if got := BarePickle(text); got != nil {
			t.Errorf("%q: got %q, want nil", text, got)
		}
	}
}

// TestShortKey: at most half of a key is shown, and no control characters.
func TestShortKey(t *testing.T) {
	for key, want := range map[string]string{
		"abcdefghijklmnopqrstuvwxyz012345": "abcdefgh", "abcdefgh": "abcd", "": "", "\x1b[31m\x1b[31m": `"\x1b[31m"`, "a": "",
	} {
		if got := ShortKey(key); got != want {
			t.Errorf("%q: got %q, want %q", key, got, want)
		}
	}
}

// TestDescribe: Python's names of types, and names that are safe to print.
func TestDescribe(t *testing.T) {
	for want, v := range map[string]any{
		"None": nil, "bool": true, "int": int64(1), "float": 1.5, "str": "x", "list": []any{}, "tuple": serializer.Tuple{}, "set": serializer.Set{}, "dict": serializer.NewDict(),
		"shop.Cart": &serializer.Object{How: pyobject.New, Class: serializer.Global{Module: "shop", Name: "Cart"}},
	} {
		if got := TypeName(v); got != want {
			t.Errorf("%T: got %s, want %s", v, got, want)
		}
	}
	for in, want := range map[string]string{"cart": "cart", "": `""`, "a b": `"a b"`, "\x1b": `"\x1b"`, `"`: `"\""`} {
		if got := Printable(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
	if id, ok := UserID(serializer.NewDict(serializer.Item{Key: "_auth_user_id", Value: int64(42)})); id != "42" || !ok {
		t.Errorf("a number: got %q, %t", id, ok)
	}
	if _, ok := UserID(serializer.NewDict()); ok {
		t.Error("nobody: got a user")
	}
	if _, err := ParseTagged(`{"type":"dict","value":[]}`); err != nil {
		t.Errorf("tagged: got %v", err)
	}
	if _, err := Parse("{'a': 1}"); err == nil || strings.Contains(err.Error(), "'a'") {
		t.Errorf("Python: got %v, want an error that quotes nothing", err)
	}
}
