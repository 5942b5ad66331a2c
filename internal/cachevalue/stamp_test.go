package cachevalue

import (
	"bytes"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// A stamped pickle reads as the one without, and no two are the same.
func TestStamp(t *testing.T) {
	for _, django := range []djsession.DjangoVersion{{Major: 1, Minor: 11}, {Major: 5, Minor: 2}} {
		site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("k"), Django: django})
		if err != nil {
			t.Fatal(err)
		}
		c := New(site)
		plain, err := c.Dumps("test", serializer.NewDict(serializer.Item{Key: "a", Value: 1}, serializer.Item{Key: "text", Value: "é"}, serializer.Item{Key: "list", Value: []any{1, "x"}}))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for range 1000 {
			stamped := Stamp(plain)
			if seen[string(stamped)] {
				t.Fatal("two are the same")
			}
			seen[string(stamped)] = true
			if !Stamped(djsession.VersionOf(string(stamped))) {
				t.Fatal("not recognized")
			}
			if got := Unstamp(string(stamped)); !bytes.Equal(got, plain) {
				t.Fatalf("got %q, want %q", got, plain)
			}
			d, err := c.Loads("test", stamped)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := c.Dumps("test", d.With("a", 1)); err != nil || !bytes.Equal(again, plain) {
				t.Fatalf("got %q, %v, want %q", again, err, plain)
			}
		}
		if Stamped(djsession.VersionOf(string(plain))) || Stamped(djsession.Version{}) || Stamped(djsession.Force) {
			t.Error("recognized without a stamp")
		}
	}
	if got := Unstamp("\x80\x04N."); string(got) != "\x80\x04N." {
		t.Errorf("without a stamp: got %q", got)
	}
	if got := Stamp([]byte("(dp0\n.")); string(got) != "(dp0\n." {
		t.Errorf("protocol 0: got %q", got)
	}
}
