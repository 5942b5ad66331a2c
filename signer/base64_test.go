package signer

import (
	"errors"
	"testing"
)

// The answers are those of b64_decode under CPython 2.7, 3.8 and 3.13, which agree on all of these.
func TestBase64(t *testing.T) {
	tests := []struct {
		name, text, want string
		err              error
	}{
		{"nothing", "", "", nil},
		{"one byte", "YQ", "a", nil},
		{"two bytes", "YWI", "ab", nil},
		{"three bytes", "YWJj", "abc", nil},
		{"unused bits set", "YR", "a", nil},
		{"unused bits set, two bytes", "YWJ", "ab", nil},
		{"URL-safe alphabet", "-_-_", "\xfb\xff\xbf", nil},
		{"standard alphabet", "+/+/", "\xfb\xff\xbf", nil},
		{"padded", "YQ==", "a", nil},
		{"padding alone", "====", "", nil},
		{"padding in front", "=YWJj", "abc", nil},
		{"more after full padding", "YQ==YWJj", "a", nil},
		{"padding inside", "YW=Jj", "abc", nil},
		{"padding inside twice", "YW=JjYW=Jj", "abcabc", nil},
		{"one character", "Y", "", ErrMalformed},
		{"one character over", "YWJjY", "", ErrMalformed},
		{"one character, padded", "Y===", "", ErrMalformed},
		{"skipped character takes the padding", "Y!Q", "", ErrMalformed},
		{"skipped characters", "Y!Q!!", "a", nil},
		{"newline", "YW\nI", "", ErrMalformed},
		{"not ASCII", "Y\xc3\xa9Q", "", ErrMalformed},
	}
	for _, tt := range tests {
		got, err := appendBase64([]byte("> "), []byte(tt.text))
		if err == nil && string(got) != "> "+tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: %q = %q, %v, want %q, %v", tt.name, tt.text, got, err, "> "+tt.want, tt.err)
		}
	}
}
