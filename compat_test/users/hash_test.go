package users_test

import (
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// TestAuthHash gives a site sessions with hashes of every form, by every key. Both sides
// accept the same ones, and make the same ones anew.
func TestAuthHash(t *testing.T) {
	const hash = "from django.utils.crypto import salted_hmac\nclass User(AbstractUser):\n    token = models.CharField(max_length=9, default='t')\n"
	const own = hash + `    def get_session_auth_hash(self):
        return salted_hmac('own', self.password + self.token).hexdigest()
`
	both := hash + `    def own(self, secret=None):
        return salted_hmac('own', self.password + self.token, secret=secret, algorithm='sha256').hexdigest()
    def get_session_auth_hash(self):
        return self.own()
    def get_session_auth_fallback_hash(self):
        return [self.own('old')]
`
	forms := []string{
		"own(None, 'sha1')", "own('old', 'sha1')", "own(None, 'sha256')", "own('old', 'sha256')",
		"djangos(None, 'sha1')", "djangos('old', 'sha1')", "djangos(None, 'sha256')", "djangos('old', 'sha256')",
		"own(None, 'sha1').upper()", "own('another', 'sha1')", "''", "None", "own(None, 'sha1') + ' '", "user.get_session_auth_hash()",
	}
	const setup = `
from django.utils.crypto import salted_hmac
from django.contrib.auth import get_user_model
do_migrate()
User = get_user_model()
user = User(username='ada')
user.set_password('pw')
user.save()
salt = 'django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash'
def mac(salt, value, secret, algorithm):
    if algorithm == 'sha1':
        return salted_hmac(salt, value, secret=secret).hexdigest()
    import django
    return salted_hmac(salt, value, secret=secret, algorithm=algorithm).hexdigest() if django.VERSION >= (3, 1) else 'x'
def own(secret, algorithm):
    return mac('own', user.password + 't', secret, algorithm)
def djangos(secret, algorithm):
    return mac(salt, user.password, secret, algorithm)
names = dict(own=own, djangos=djangos, user=user)
result = []
for form in forms:
    value = eval(form, names)
    result.append(do_create({'_auth_user_id': str(user.pk), '_auth_user_backend': 'django.contrib.auth.backends.ModelBackend', '_auth_user_hash': value}))
`
	for _, test := range []struct {
		name, models string
		hash         djauth.AuthHash
		django       []string
	}{
		{"Django's own", hash, djauth.AuthHash{}, []string{"6.1", "4.2", "3.2", "1.11"}},
		{"own", own, djauth.AuthHash{Salt: "own", Algorithm: "sha1", Fields: []string{"password", "token"}}, []string{"6.1", "4.2", "3.2", "1.11"}},
		{"own, with fallbacks", both, djauth.AuthHash{Salt: "own", Algorithm: "sha256", Fields: []string{"password", "token"}, Fallbacks: true}, []string{"6.1", "4.2"}},
	} {
		for _, version := range test.django {
			t.Run(test.name+" "+version, func(t *testing.T) {
				d := django.Start(t, django.Site{Version: version, Settings: settings(database(t, "sqlite3"), django.Args{"SECRET_KEY_FALLBACKS": []string{"old"}}), Code: code,
					Files: map[string]string{"accts/__init__.py": "", "accts/models.py": imports + test.models}})
				var keys []string
				d.Exec(t, setup, django.Args{"forms": forms}, &keys)
				var text string
				d.Call(t, "command", django.Args{"name": "diffsettings", "options": map[string]any{"all": true}}, &text)
				set, err := djsettings.Read(strings.NewReader(text), &djsettings.Options{Django: version, UserModels: map[string]string{"accts.User": "auth.User"}})
				if err != nil {
					t.Fatal(err)
				}
				site, err := djsite.Open(t.Context(), set, &djsite.Options{UserTable: &dbusers.Options{Columns: dbusers.Columns{Username: "username"}}, AuthHash: test.hash})
				if err != nil {
					t.Fatal(err)
				}
				defer site.Close()
				somebody := 0
				for i, key := range keys {
					var theirs said
					d.Call(t, "who", django.Args{"key": key}, &theirs)
					if ours := identify(t, site, key); ours.somebody() != theirs.somebody() {
						t.Errorf("%s: Go says %v, Django %v", forms[i], ours, theirs)
					}
					if theirs.somebody() {
						somebody++
					}
				}
				if somebody == 0 || somebody > 4 {
					t.Errorf("Django accepts %d forms", somebody)
				}
			})
		}
	}
}
