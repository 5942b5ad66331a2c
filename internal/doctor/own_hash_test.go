package doctor

import (
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

// A hash of 40 digits that does not fit is of an old Django only if Django itself makes the
// hashes. A model of which AuthHash tells is not said to make them otherwise. Of a hash of 64
// digits that does not fit, each cause is named that nothing here rules out: a model of the
// site's own may make its own hash, of which neither the key nor the password is the reason.
func TestOwnHash(t *testing.T) {
	for _, test := range []struct {
		model string
		told  djauth.AuthHash
		want  string // the findings
	}{
		{model: "auth.User", want: Django},
		{model: "accounts.User", want: AuthHash},
		{model: "accounts.User", told: djauth.AuthHash{Algorithm: "sha1"}, want: AuthUnclear},
		{model: "accounts.User", told: djauth.AuthHash{Fields: []string{"password", "email"}}, want: AuthUnclear},
	} {
		set := &djsettings.Settings{Django: djsession.DjangoVersion{Major: 5, Minor: 2}}
		set.Auth.UserModel = test.model
		e := &exam{set: set, opts: Options{Open: djsite.Options{AuthHash: test.told}}}
		e.fill()
		e.hash(claim{hash: strings.Repeat("0", 40)})
		var got []string
		for _, f := range e.found {
			got = append(got, f.ID)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s, told %+v: got %v, want %q", test.model, test.told, got, test.want)
		}
	}
}

func TestOwnHashIsACause(t *testing.T) {
	const own = "overrides get_session_auth_hash"
	for _, test := range []struct {
		model            string
		profile          bool
		vouched, suspect bool
		id               string
		own              bool // a hash of its own is named as a cause
	}{
		{model: "auth.User", id: AuthUnclear},
		{model: "auth.User", vouched: true, id: AuthHash},
		{model: "auth.User", suspect: true, id: AuthSecret},
		{model: "accounts.User", id: AuthUnclear, own: true},
		{model: "accounts.User", vouched: true, id: AuthHash, own: true},
		{model: "accounts.User", suspect: true, id: AuthUnclear, own: true},
		{model: "accounts.User", profile: true, id: AuthUnclear},
		{model: "accounts.User", profile: true, vouched: true, id: AuthHash},
		{model: "accounts.User", profile: true, suspect: true, id: AuthSecret},
	} {
		set := &djsettings.Settings{Django: djsession.DjangoVersion{Major: 5, Minor: 2}}
		set.Auth.UserModel = test.model
		if test.profile {
			set.Profile = new(djsettings.Profile)
		}
		e := &exam{set: set, vouched: test.vouched, suspect: test.suspect}
		e.fill()
		e.hash(claim{hash: strings.Repeat("0", 64)})
		if len(e.found) != 1 || e.found[0].ID != test.id || strings.Contains(e.found[0].Text, own) != test.own {
			t.Errorf("%+v: got %v", test, e.found)
		}
	}
}
