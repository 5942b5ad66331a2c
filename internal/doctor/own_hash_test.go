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
// hashes. A model of which AuthHash tells is not said to make them otherwise.
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
