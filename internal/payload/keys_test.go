package payload

import (
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

// TestDeriveKeys: a service with the derived keys reads what the site signs. Older Djangos
// need more keys.
func TestDeriveKeys(t *testing.T) {
	keys := signer.SecretKey(secret)
	n := map[string]int{}
	for name, v := range map[string]djsession.DjangoVersion{"newest": {}, "3.2": {Major: 3, Minor: 2}} {
		text, err := DeriveKeys(keys, SessionSalt, v, &KeyOptions{Messages: true, Cookies: []string{"theme"}})
		if err != nil {
			t.Fatal(err)
		}
		ds, err := signer.ParseDerivedKeys(text)
		if err != nil {
			t.Fatal(err)
		}
		n[name] = len(ds)
		derived, err := signer.DerivedKeys(ds...)
		if err != nil {
			t.Fatal(err)
		}
		site, err := djsession.NewSite(djsession.Settings{Keys: derived, Django: v})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := site.Decode("eyJ2aXNpdHMiOjd9:1r31eq:T75S6HdnN8JQd-quCfoREJa9Qr-7hG6spzUx-3OymeQ"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n["newest"] != 5 || n["3.2"] <= n["newest"] {
		t.Errorf("got %v keys, want 5, and more for 3.2", n)
	}
}
