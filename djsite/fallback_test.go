package djsite

import (
	"os"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/signer"
)

// A get_session_auth_fallback_hash of the site's own is a question where Go would try fallback
// keys, else a Warning; an AuthHash with Sums answers it.
func TestFallbackHash(t *testing.T) {
	text, err := os.ReadFile("../djsettings/testdata/shop.profile")
	if err != nil {
		t.Fatal(err)
	}
	const djangos, own = `"get_session_auth_fallback_hash": "django.contrib.auth.base_user.AbstractBaseUser"`, `"get_session_auth_fallback_hash": "accounts.models.User"`
	overridden := strings.ReplaceAll(string(text), djangos, own)
	sums := djauth.AuthHash{Sums: func(*djauth.Account) []string { return nil }}
	for _, tt := range []struct {
		name, profile, django string
		hash                  djauth.AuthHash
		keys                  signer.Keys
		question, note        bool
	}{
		{"Django's", string(text), "5.2", djauth.AuthHash{}, signer.SecretKey("a", "b"), false, false},
		{"own, and a fallback key", overridden, "5.2", djauth.AuthHash{}, signer.SecretKey("a", "b"), true, false},
		{"own, one key", overridden, "5.2", djauth.AuthHash{}, signer.SecretKey("a"), false, true},
		{"before Django 4.1", overridden, "4.0", djauth.AuthHash{}, signer.SecretKey("a"), false, false},
		{"answered", overridden, "5.2", sums, signer.SecretKey("a", "b"), false, false},
	} {
		set, err := djsettings.Read(strings.NewReader(tt.profile), &djsettings.Options{Django: tt.django, Keys: tt.keys})
		if err != nil {
			t.Fatal(err)
		}
		s := &Site{Settings: set}
		a := s.askProfile(new(dbusers.Options), &djauth.Options{Backends: set.Auth.Backends, AuthHash: tt.hash})
		const method = "get_session_auth_fallback_hash of "
		if got := strings.Contains(strings.Join(a.questions, "\n"), method); got != tt.question {
			t.Errorf("%s: a question: %t", tt.name, got)
		}
		if got := strings.Contains(strings.Join(a.notes, "\n"), method); got != tt.note {
			t.Errorf("%s: a note: %t", tt.name, got)
		}
	}
}

// Without a profile, a backend that does as one of Django's finds names by USERNAME_FIELD,
// which is warned about until a Lookup says how it does.
func TestLookupWarned(t *testing.T) {
	const own = "accounts.backends.EmailBackend"
	set := read(t, "SECRET_KEY = 'x'\nAUTHENTICATION_BACKENDS = ['"+own+"']\nINSTALLED_APPS = ['django.contrib.auth']\n", &djsettings.Options{Django: "5.2"})
	for _, tt := range []struct {
		name, as string
		lookup   []djauth.Lookup
		want     bool
	}{
		{"no Lookup", djauth.ModelBackend, nil, true},
		{"its Lookup", djauth.ModelBackend, []djauth.Lookup{{Backend: own, Columns: []string{"email"}}}, false},
		{"one for all", djauth.ModelBackend, []djauth.Lookup{{Columns: []string{"email"}}}, false},
		{"that of another one", djauth.ModelBackend, []djauth.Lookup{{Backend: djauth.ModelBackend, Columns: []string{"email"}}}, true},
		{"no passwords", djauth.RemoteUserBackend, nil, false},
	} {
		warned := false
		for _, w := range unknownLogin(set, &djauth.Options{Backends: []string{own}, OwnBackends: map[string]string{own: tt.as}, Lookup: tt.lookup}) {
			warned = warned || strings.Contains(w.Text, "by what it finds an account")
		}
		if warned != tt.want {
			t.Errorf("%s: warned %t", tt.name, warned)
		}
	}
}
