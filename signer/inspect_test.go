package signer

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// claim is an Unverified with all of it in fields.
type claim struct {
	Signed, Signature, Framed string
	HasTimestamp              bool
	Timestamp                 int64
	Compressed                bool
	Data                      string
}

func claimed(u Unverified) claim {
	return claim{u.Signed(), u.Signature(), u.Framed(), u.HasTimestamp, u.Timestamp, u.Compressed, string(u.Data())}
}

func TestInspectUnverified(t *testing.T) {
	keys := SecretKey(testSecret)
	s, ts := must(New(keys, Options{})), testTimestamp(t, keys, Options{})
	long := `{"text":"` + strings.Repeat("spam ", 30) + `"}`
	last := func(s string) (string, string) { i := strings.LastIndex(s, ":"); return s[:i], s[i+1:] }
	tests := []struct {
		name, text string
		want       claim
		err        error
	}{
		{"with a timestamp", must(ts.SignObject([]byte("{}"), true)), claim{Framed: "e30", HasTimestamp: true, Timestamp: testNow.Unix(), Data: "{}"}, nil},
		{"without", must(s.SignObject([]byte("{}"), true)), claim{Framed: "e30", Data: "{}"}, nil},
		{"any signature", "e30:1:x", claim{Framed: "e30", HasTimestamp: true, Timestamp: 1, Data: "{}"}, nil},
		{"no signature", "e30:1:", claim{Framed: "e30", HasTimestamp: true, Timestamp: 1, Data: "{}"}, nil},
		{"timestamp zero", "e30:0:x", claim{Framed: "e30", HasTimestamp: true, Data: "{}"}, nil},
		{"bad timestamp", "e30:-:!:x", claim{}, ErrMalformed},
		{"bad base64", "e:1:x", claim{Framed: "e", HasTimestamp: true, Timestamp: 1}, ErrMalformed},
		{"bad zlib", ".e30:1:x", claim{Framed: ".e30", HasTimestamp: true, Timestamp: 1, Compressed: true}, ErrMalformed},
		{"no separator", "e30", claim{}, ErrNoSeparator},
		{"nothing", "", claim{}, ErrNoSeparator},
	}
	compressed := must(ts.SignObject([]byte(long), true))
	signed, _ := last(compressed)
	framed, _ := last(signed)
	tests = append(tests, struct {
		name, text string
		want       claim
		err        error
	}{"compressed", compressed, claim{Framed: framed, HasTimestamp: true, Timestamp: testNow.Unix(), Compressed: true, Data: long}, nil})
	for _, tt := range tests {
		if strings.Contains(tt.text, ":") {
			tt.want.Signed, tt.want.Signature = last(tt.text)
		}
		got, err := InspectUnverified(tt.text, Options{})
		if got := claimed(got); !reflect.DeepEqual(got, tt.want) || !errors.Is(err, tt.err) {
			t.Errorf("%s: %+v, %v, want %+v, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
	if u, err := InspectUnverified("e30|1|x", Options{Sep: "|"}); string(u.Data()) != "{}" || err != nil {
		t.Errorf("another separator: %+v, %v", u, err)
	}
	if _, err := InspectUnverified("e30a1ax", Options{Sep: "a"}); !errors.Is(err, ErrSeparator) {
		t.Errorf("unsafe separator: %v", err)
	}
}
