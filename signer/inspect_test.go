package signer

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestInspectUnverified(t *testing.T) {
	keys := SecretKey(testSecret)
	s, ts := must(New(keys, Options{})), testTimestamp(t, keys, Options{})
	long := `{"text":"` + strings.Repeat("spam ", 30) + `"}`
	last := func(s string) (string, string) { i := strings.LastIndex(s, ":"); return s[:i], s[i+1:] }
	tests := []struct {
		name, text string
		want       Unverified
		err        error
	}{
		{"with a timestamp", must(ts.SignObject([]byte("{}"), true)), Unverified{Framed: "e30", HasTimestamp: true, Timestamp: testNow.Unix(), Data: []byte("{}")}, nil},
		{"without", must(s.SignObject([]byte("{}"), true)), Unverified{Framed: "e30", Data: []byte("{}")}, nil},
		{"any signature", "e30:1:x", Unverified{Framed: "e30", HasTimestamp: true, Timestamp: 1, Data: []byte("{}")}, nil},
		{"no signature", "e30:1:", Unverified{Framed: "e30", HasTimestamp: true, Timestamp: 1, Data: []byte("{}")}, nil},
		{"timestamp zero", "e30:0:x", Unverified{Framed: "e30", HasTimestamp: true, Data: []byte("{}")}, nil},
		{"bad timestamp", "e30:-:!:x", Unverified{}, ErrMalformed},
		{"bad base64", "e:1:x", Unverified{Framed: "e", HasTimestamp: true, Timestamp: 1}, ErrMalformed},
		{"bad zlib", ".e30:1:x", Unverified{Framed: ".e30", HasTimestamp: true, Timestamp: 1, Compressed: true}, ErrMalformed},
		{"no separator", "e30", Unverified{}, ErrNoSeparator},
		{"nothing", "", Unverified{}, ErrNoSeparator},
	}
	compressed := must(ts.SignObject([]byte(long), true))
	signed, _ := last(compressed)
	framed, _ := last(signed)
	tests = append(tests, struct {
		name, text string
		want       Unverified
		err        error
	}{"compressed", compressed, Unverified{Framed: framed, HasTimestamp: true, Timestamp: testNow.Unix(), Compressed: true, Data: []byte(long)}, nil})
	for _, tt := range tests {
		if strings.Contains(tt.text, ":") {
			tt.want.Signed, tt.want.Signature = last(tt.text)
		}
		got, err := InspectUnverified(tt.text, Options{})
		if !reflect.DeepEqual(got, tt.want) || !errors.Is(err, tt.err) {
			t.Errorf("%s: %+v, %v, want %+v, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
	if u, err := InspectUnverified("e30|1|x", Options{Sep: "|"}); string(u.Data) != "{}" || err != nil {
		t.Errorf("another separator: %+v, %v", u, err)
	}
	if _, err := InspectUnverified("e30a1ax", Options{Sep: "a"}); !errors.Is(err, ErrSeparator) {
		t.Errorf("unsafe separator: %v", err)
	}
}
