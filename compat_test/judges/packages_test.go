package judges_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/signer"
)

// visits are functions with which a situation logs somebody in through the site's own pages.
const visits = `
from django.contrib.auth.models import User
from django.test import Client

def visit(*steps, **kw):
    "A visitor who posts these forms, each a path and its fields: the key of the session."
    c = kw.get("client") or Client()
    for path, fields in steps:
        c.post(path, fields)
    return c.cookies["sessionid"].value if "sessionid" in c.cookies and c.cookies["sessionid"].value else ""

def log_in(name, password="x"):
    return ("/log-in/", {"username": name, "password": password})

def change(name, **fields):
    User.objects.filter(username=name).update(**fields)

def again(name, password="x"):
    "Another password, and the old one back, hashed anew."
    u = User.objects.get(username=name)
    u.set_password(password)
    u.save()
`

// TestAskAxes: who was locked out, and who was not, by AskDjango.
func TestAskAxes(t *testing.T) {
	w := newApps(t, []string{"axes"}, []string{"axes.middleware.AxesMiddleware", askLast}, django.Args{
		"AUTHENTICATION_BACKENDS": []string{"axes.backends.AxesStandaloneBackend", djauth.ModelBackend}, "AXES_FAILURE_LIMIT": 3,
		"AXES_LOCKOUT_PARAMETERS": []string{"username"}, "SILENCED_SYSTEM_CHECKS": []string{"axes.W003"},
	}, nil)
	const reset = "from axes.utils import reset\nreset()\n"
	const wrong = "log_in('ada', 'y'), "
	w.compare([]situation{
		{name: "the right password", before: reset, visit: "result = visit(log_in('ada'))"},
		{name: "a wrong password", visit: reset + "result = visit(log_in('ada', 'y'))"},
		{name: "the right one after a wrong one", visit: reset + "result = visit(" + wrong + "log_in('ada'))"},
		{name: "locked out", visit: reset + "result = visit(" + wrong + wrong + wrong + "log_in('ada'))"},
		{name: "another user, while ada is locked out", visit: reset + "result = visit(" + wrong + wrong + wrong + "log_in('bob'))"},
		{name: "a login of before the lockout", visit: reset + "result = visit(log_in('ada'))\nvisit(" + wrong + wrong + wrong + ")"},
		{name: "the lockout is over", visit: reset + "visit(" + wrong + wrong + wrong + ")\n" + reset + "result = visit(log_in('ada'))"},
		{name: "a logout", visit: reset + "result = visit(log_in('ada'), ('/log-out/', {}))"},
		{name: "an inactive account", visit: reset + "result = visit(log_in('gone'))"},
		{name: "an unknown name", visit: reset + "result = visit(log_in('nobody'))"},
		{name: "an account that was closed since", visit: reset + "change('bob', is_active=True)\nresult = visit(log_in('bob'))\nchange('bob', is_active=False)"},
		{name: "another password since", visit: reset + "result = visit(log_in('staff'))\nagain('staff', 'y')"},
	})
	w.stopped(t, "result = visit(log_in('root'))")
}

// TestAskAllauth: the stages of a login, by AskDjango: a mail address that is not verified, and
// a second factor.
func TestAskAllauth(t *testing.T) {
	w := newApps(t, []string{"django.contrib.messages", "allauth", "allauth.account", "allauth.mfa"},
		[]string{"django.contrib.messages.middleware.MessageMiddleware", "allauth.account.middleware.AccountMiddleware", askLast}, django.Args{
			"AUTHENTICATION_BACKENDS": []string{djauth.ModelBackend, "allauth.account.auth_backends.AuthenticationBackend"},
			"ACCOUNT_LOGIN_METHODS":   []string{"email", "username"}, "ACCOUNT_EMAIL_VERIFICATION": "mandatory", "ACCOUNT_RATE_LIMITS": false, "MFA_TOTP_TOLERANCE": 2,
			"EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend", "ACCOUNT_SIGNUP_FIELDS": []string{"email*", "username*", "password1*"},
			"TEMPLATES": []django.Args{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": true, "OPTIONS": django.Args{
				"context_processors": []string{"django.template.context_processors.request", "django.contrib.messages.context_processors.messages"}}}},
		}, nil)
	w.d.Exec(t, `
from django.contrib.auth.models import User
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
for u in User.objects.all():
    u.email = u.username + "@example.com"
    u.save()
    EmailAddress.objects.create(user=u, email=u.email, primary=True, verified=u.username != "bob")
TOTP.activate(User.objects.get(username="root"), "JBSWY3DPEHPK3PXP")
TOTP.activate(User.objects.get(username="root2"), "JBSWY3DPEHPK3PXP")
`, nil, nil)
	const form = `
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
def code(wrong=False):
    cache.clear()  # a code counts once
    value = hotp_value("JBSWY3DPEHPK3PXP", next(iter(yield_hotp_counters_from_time())))
    return ("/accounts/2fa/authenticate/", {"code": format_hotp_value((value + 1) % 1000000 if wrong else value)})
def sign_in(name, password="x"):
    return ("/accounts/login/", {"login": name, "password": password})
`
	w.compare([]situation{
		{name: "a verified address", visit: form + "result = visit(sign_in('ada@example.com'))"},
		{name: "by the name", visit: form + "result = visit(sign_in('ada'))"},
		{name: "a wrong password", visit: form + "result = visit(sign_in('ada', 'y'))"},
		{name: "an address that is not verified", visit: form + "result = visit(sign_in('bob@example.com'))"},
		{name: "the same by the name", visit: form + "result = visit(sign_in('bob'))"},
		{name: "the first factor alone", visit: form + "result = visit(sign_in('root'))"},
		{name: "both factors", visit: form + "result = visit(sign_in('root'), code())"},
		{name: "a wrong second factor", visit: form + "result = visit(sign_in('root'), code(True))"},
		{name: "a second factor without the first", visit: form + "result = visit(code())"},
		{name: "an inactive account", visit: form + "result = visit(sign_in('gone'))"},
		{name: "a logout", visit: form + "result = visit(sign_in('ada'), ('/accounts/logout/', {}))"},
		{name: "a login beside the stages", who: "bob"},
		{name: "an account that was closed since", visit: form + "change('staff', is_active=True)\nresult = visit(sign_in('staff'))\nchange('staff', is_active=False)"},
		{name: "verified since", visit: form + "from allauth.account.models import EmailAddress\nEmailAddress.objects.filter(user__username='bob').update(verified=True)\nresult = visit(sign_in('bob'))"},
		{name: "another password since", visit: form + "result = visit(sign_in('ada'))\nagain('ada')"},
	})
	w.stopped(t, form+"result = visit(sign_in('bob'))")
}

// TestAskRules: permissions by predicates, by AskDjango.
func TestAskRules(t *testing.T) {
	perms := []string{"auth.view_user", "auth.delete_user", "shop.staff", "shop.all", "shop.none", "shop.named"}
	w := newApps(t, []string{"rules"}, []string{askLast}, django.Args{
		"AUTHENTICATION_BACKENDS": []string{"rules.permissions.ObjectPermissionBackend", djauth.ModelBackend}, "WHO_PERMS": perms,
	}, nil)
	w.perms = perms
	w.d.Exec(t, `
import rules
from django.contrib.auth.models import Group, Permission, User
rules.add_perm("shop.staff", rules.is_staff)
rules.add_perm("shop.all", rules.always_allow)
rules.add_perm("shop.none", rules.always_deny)
rules.add_perm("shop.named", rules.predicate(lambda u: u.first_name == "NAMED"))
User.objects.get(username="ada").user_permissions.add(Permission.objects.get(codename="view_user"))
g = Group.objects.create(name="editors")
g.permissions.add(Permission.objects.get(codename="delete_user"))
User.objects.get(username="bob").groups.add(g)
`, nil, nil)
	w.compare([]situation{
		{name: "a permission of the tables", who: "ada"},
		{name: "one of a group", who: "bob"},
		{name: "staff", who: "staff"},
		{name: "a superuser", who: "root"},
		{name: "inactive", who: "gone"},
		{name: "nobody"},
		{name: "a name that a predicate looks at", who: "ada", before: visits + "change('ada', first_name='NAMED')"},
		{name: "and no more", who: "ada", before: visits + "change('ada', first_name='')"},
		{name: "staff no more", who: "staff", before: visits + "change('staff', is_staff=False)"},
		{name: "through a form", visit: "result = visit(log_in('ada'))"},
		{name: "the permission is taken away", who: "ada", before: "from django.contrib.auth.models import User\nUser.objects.get(username='ada').user_permissions.clear()"},
		{name: "a session of a backend that has no users", who: "ada", session: django.Args{"_auth_user_backend": "x.y"}},
	})
}

// TestAskOwn: a backend and a middleware of the site's own, by AskDjango.
func TestAskOwn(t *testing.T) {
	perms := []string{"auth.view_user", "auth.add_user"}
	w := newApps(t, nil, []string{"site_code.curfew", askLast}, django.Args{"AUTHENTICATION_BACKENDS": []string{"site_code.NightBackend"}, "WHO_PERMS": perms}, nil)
	w.perms = perms
	night := django.Args{"_auth_user_backend": "site_code.NightBackend"}
	with := func(key, value string) django.Args {
		return django.Args{"_auth_user_backend": "site_code.NightBackend", key: value}
	}
	w.compare([]situation{
		{name: "an ordinary user", who: "ada", session: night},
		{name: "one with another permission", who: "bob", session: night},
		{name: "a backend that the site has no more", who: "ada"},
		{name: "a session whose hour has come", who: "ada", session: with("until", "over")},
		{name: "one whose hour has not come", who: "ada", session: with("until", "later")},
		{name: "a superuser", who: "root", session: night},
		{name: "inactive", who: "gone", session: night},
		{name: "through a form", visit: "result = visit(log_in('staff'))"},
		{name: "at night", who: "ada", session: night, before: visits + "change('ada', first_name='NIGHT')"},
		{name: "through a form at night", visit: "result = visit(log_in('ada'))"},
		{name: "asleep", who: "bob", session: night, before: visits + "change('bob', last_name='ASLEEP')"},
		{name: "awake again", who: "bob", session: night, before: visits + "change('bob', last_name='')"},
	})
}

// TestAskRemoteUser: a child of RemoteUserMiddleware, whose header the server in front sets, by
// AskDjango. It logs users in and out by itself.
func TestAskRemoteUser(t *testing.T) {
	w := newApps(t, nil, []string{"site_code.HeaderMiddleware", askLast}, django.Args{"AUTHENTICATION_BACKENDS": []string{"site_code.HeaderBackend", djauth.ModelBackend}}, nil)
	by := django.Args{"_auth_user_backend": "site_code.HeaderBackend"}
	w.compare([]situation{
		{name: "the header alone", header: "ada"},
		{name: "in capitals", header: "ADA"},
		{name: "an unknown name", header: "who"},
		{name: "an inactive account", header: "gone"},
		{name: "the header and a session", who: "ada", session: by, header: "ada"},
		{name: "the header of somebody else", who: "ada", session: by, header: "bob"},
		{name: "a session without the header", who: "ada", session: by},
		{name: "a session of another backend without the header", who: "ada"},
		{name: "a session of another backend and somebody else's header", who: "ada", header: "bob"},
		{name: "nobody"},
		{name: "a superuser", header: "root"},
		{name: "an unknown name and a session", who: "ada", session: by, header: "who"},
	})
}

// stopped asks the site through a server in front, which then stops: then Go does not know who
// a visitor is.
func (w *apps) stopped(t *testing.T, visit string) {
	t.Helper()
	var key string
	w.d.Exec(t, visits+visit, nil, &key)
	to, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(httputil.NewSingleHostReverseProxy(to))
	ask, err := djauth.AskDjango(front.URL, signer.SecretKey(askedSecret), &djauth.AskOptions{AtPath: true})
	if err != nil {
		t.Fatal(err)
	}
	auth, err := djauth.New(w.m, nil, nil, &djauth.Options{Judge: ask})
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := w.go_(auth, "GET", "/page/", key); err != nil || got.Who == "" {
		t.Errorf("before the site is stopped: %v, %v", got, err)
	}
	front.Close()
	for _, key := range []string{key, ""} {
		if got, code, _ := w.go_(auth, "GET", "/page/", key); got.Who != "" || code != http.StatusServiceUnavailable {
			t.Errorf("the site is stopped: got %v, %d", got, code)
		}
	}
}
