package signer

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/fixtures"
)

// seedSigned adds the signed texts of the vectors of one Django, good and bad.
func seedSigned(f *testing.F, add func(signed string)) {
	n := 0
	for _, v := range must(fixtures.Signing("django5.2")) {
		if v.In.Signed != nil {
			add(*v.In.Signed)
			n++
		}
	}
	if n == 0 {
		f.Fatal("no seeds")
	}
}

// What is signed is read back as it was, by every kind of signer, and by nobody else.
func FuzzRoundTrip(f *testing.F) {
	f.Add("secret", "salt", ":", []byte("value"), int64(1_765_058_005))
	f.Add("", "", "", []byte(""), int64(0))
	f.Add("k\xff", "a:b", "::", []byte("a::b::c"), int64(-62))
	f.Add("secret", "s", "a:", []byte(strings.Repeat("spam ", 100)), int64(1)<<40)
	f.Fuzz(func(t *testing.T, secret, salt, sep string, value []byte, now int64) {
		opts := Options{Salt: salt, Sep: sep}
		keys := SecretKey(secret, "fallback")
		s, err := New(keys, opts)
		if err != nil {
			if secret != "" && !errors.Is(err, ErrSeparator) {
				t.Fatalf("New: %v", err)
			}
			return
		}
		now %= 1 << 50 // what time.Time can do
		ts := must(NewTimestamp(keys, opts))
		ts.Now = func() time.Time { return time.Unix(now, 0) }
		other := must(NewTimestamp(SecretKey(secret+"x"), opts))

		if got, _, err := s.Unsign(s.Sign(string(value))); got != string(value) || err != nil {
			t.Fatalf("Signer: %q, %v", got, err)
		}
		signed := ts.Sign(string(value))
		if got, info, err := ts.UnsignMaxAge(signed, 0); got != string(value) || info.Timestamp != now || err != nil {
			t.Fatalf("TimestampSigner: %q, %+v, %v", got, info, err)
		}
		if got, _, err := other.Unsign(signed); !errors.Is(err, ErrBadSignature) {
			t.Fatalf("another key: %q, %v", got, err)
		}
		for _, compress := range []bool{false, true} {
			for name, fn := range map[string]struct {
				sign   func([]byte, bool) (string, error)
				unsign func(string) ([]byte, Info, error)
			}{"Signer": {s.SignObject, s.UnsignObject}, "TimestampSigner": {ts.SignObject, ts.UnsignObject}} {
				signed := must(fn.sign(value, compress))
				if got, _, err := fn.unsign(signed); !bytes.Equal(got, value) || err != nil {
					t.Fatalf("%s, compress %v: %q, %v", name, compress, got, err)
				}
			}
		}
	})
}

// A text that verifies is the one text that signs its value: there is no second spelling.
func FuzzMalleability(f *testing.F) {
	seedSigned(f, func(signed string) { f.Add(signed) })
	for _, form := range signedForms(f) {
		f.Add(form.signed)
	}
	s := must(New(SecretKey("fixtures-secret-key-not-used-anywhere-else"), Options{}))
	ts := must(NewTimestamp(SecretKey("fixtures-secret-key-not-used-anywhere-else"), Options{}))
	f.Fuzz(func(t *testing.T, text string) {
		if value, _, err := s.Unsign(text); err == nil {
			if again := s.Sign(value); again != text {
				t.Fatalf("%q verifies, but %q is signed %q", text, value, again)
			}
		} else if !errors.Is(err, ErrBadSignature) && !errors.Is(err, ErrTooLarge) {
			t.Fatalf("%q: %v", text, err)
		}
		if stamped, _, err := ts.signer.Unsign(text); err == nil {
			if again := ts.signer.Sign(stamped); again != text {
				t.Fatalf("%q verifies, but %q is signed %q", text, stamped, again)
			}
		}
	})
}

// Whatever was signed well, decoding it neither panics nor passes its limit, and agrees with the standard library where that is right.
func FuzzUnsignObject(f *testing.F) {
	seedSigned(f, func(signed string) {
		if u, err := InspectUnverified(signed, Options{}); err == nil {
			f.Add([]byte(u.Framed()))
		}
	})
	const limit = 1 << 16
	opts := Options{Limits: Limits{MaxDecompressed: limit}}
	keys := SecretKey("secret")
	s, ts := must(New(keys, opts)), must(NewTimestamp(keys, opts))
	f.Fuzz(func(t *testing.T, framed []byte) {
		signed := string(s.AppendSign(nil, framed))
		data, info, err := s.UnsignObject(signed)
		switch {
		case err == nil && len(data) > limit, err != nil && data != nil:
			t.Fatalf("%d bytes, %v", len(data), err)
		case err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooLarge):
			t.Fatalf("%v for what was signed", err)
		case err == nil && info.Compressed != bytes.HasPrefix(framed, []byte(".")):
			t.Fatalf("compressed %v of %q", info.Compressed, framed)
		}
		stamped := string(ts.AppendSign(nil, framed))
		again, _, errAgain := ts.UnsignObject(stamped)
		if !bytes.Equal(again, data) || (errAgain == nil) != (err == nil) {
			t.Fatalf("TimestampSigner reads %q, %v, Signer %q, %v", again, errAgain, data, err)
		}
		if want, floorErr := floorUnsign("secret", "django.core.signing.TimestampSigner", stamped); floorErr == nil && len(want) <= limit &&
			!bytes.ContainsAny(framed, "\r\n") && !bytes.Equal(data, want) {
			t.Fatalf("%q, %v, the standard library reads %q", data, err, want)
		}
	})
}

// The two base64 decoders are one.
func FuzzBase64(f *testing.F) {
	for _, s := range []string{"", "YQ", "YWJj", "Y!Q", "YW\nI", "YWJj\n", "=YQ=", "-_+/"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := appendBase64(nil, text)
		want, wantErr := appendLenientBase64(nil, text)
		if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%q: %q, %v and %q, %v", text, got, err, want, wantErr)
		}
	})
}

// No text makes InspectUnverified panic, and what it finds is what the text holds.
func FuzzInspectUnverified(f *testing.F) {
	seedSigned(f, func(signed string) { f.Add(signed) })
	f.Fuzz(func(t *testing.T, text string) {
		u, err := InspectUnverified(text, Options{})
		if u.Signed() != "" && u.Signed()+":"+u.Signature() != text {
			t.Fatalf("%q is taken apart as %q and %q", text, u.Signed(), u.Signature())
		}
		if err != nil && len(u.Data()) > 0 {
			t.Fatalf("data with %v", err)
		}
	})
}

// Derived keys survive their text form, and no text panics.
func FuzzParseDerivedKeys(f *testing.F) {
	f.Add(must(ExportDerivedKeys(must(SecretKey("a", "b").Derive("salt \"\n", SHA512))...)))
	f.Add(derivedHeader + "\n# comment\nmd5 \"\" 00112233445566778899aabbccddeeff")
	f.Add(derivedHeader)
	f.Fuzz(func(t *testing.T, text string) {
		ds, err := ParseDerivedKeys(text)
		if err != nil {
			if ds != nil || !errors.Is(err, ErrDerivedKey) {
				t.Fatalf("%v, %v", ds, err)
			}
			return
		}
		exported := must(ExportDerivedKeys(ds...))
		again := must(ExportDerivedKeys(must(ParseDerivedKeys(exported))...))
		if again != exported {
			t.Fatalf("%q became %q", exported, again)
		}
	})
}
