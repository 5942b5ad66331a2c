package judges_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/presets"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

func TestOTP(t *testing.T) {
	w := newApps(t, []string{"django_otp", "django_otp.plugins.otp_totp", "django_otp.plugins.otp_static"}, []string{"django_otp.middleware.OTPMiddleware", askLast}, nil,
		func(db *sql.DB) djauth.Judge { return presets.OTP(&presets.SQLDevices{DB: db}) })
	w.d.Exec(t, `
from django.contrib.auth.models import User
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.plugins.otp_static.models import StaticDevice
ada, bob = User.objects.get(username="ada"), User.objects.get(username="bob")
TOTPDevice.objects.create(id=1, user=ada, confirmed=True)
TOTPDevice.objects.create(id=2, user=ada, confirmed=False)
TOTPDevice.objects.create(id=3, user=bob, confirmed=True)
StaticDevice.objects.create(id=4, user=ada, confirmed=True)
`, nil, nil)
	device := func(id any) django.Args { return django.Args{"otp_device_id": id} }
	w.compare([]situation{
		{name: "a device", who: "ada", session: device("otp_totp.totpdevice/1")},
		{name: "no device", who: "ada"},
		{name: "not confirmed", who: "ada", session: device("otp_totp.totpdevice/2")},
		{name: "of somebody else", who: "ada", session: device("otp_totp.totpdevice/3")},
		{name: "of another model", who: "ada", session: device("otp_static.staticdevice/4")},
		{name: "as before 0.4", who: "ada", session: device("django_otp.plugins.otp_totp.models.TOTPDevice/1")},
		{name: "capitals", who: "ada", session: device("otp_totp.TOTPDevice/1")},
		{name: "that does not exist", who: "ada", session: device("otp_totp.totpdevice/9")},
		{name: "of an unknown model", who: "ada", session: device("a.b/1")},
		{name: "no number", who: "ada", session: device("otp_totp.totpdevice/x")},
		{name: "an empty one", who: "ada", session: device("")},
		{name: "a slash too few", who: "ada", session: device("otp_totp.totpdevice")},
		{name: "nobody", session: device("otp_totp.totpdevice/1")},
		{name: "inactive", who: "gone", session: device("otp_totp.totpdevice/1")},
		{name: "a deleted device", who: "ada", session: device("otp_static.staticdevice/4"), before: "from django_otp.plugins.otp_static.models import StaticDevice\nStaticDevice.objects.all().delete()"},
	})
}

func TestHijack(t *testing.T) {
	w := newApps(t, []string{"hijack"}, []string{"hijack.middleware.HijackUserMiddleware", askLast}, django.Args{"HIJACK_INSERT_BEFORE": nil},
		func(*sql.DB) djauth.Judge { return presets.Hijack() })
	history := func(all ...any) django.Args { return django.Args{"hijack_history": all} }
	w.compare([]situation{
		{name: "no history", who: "ada"},
		{name: "an empty history", who: "ada", session: history()},
		{name: "hijacked", who: "ada", session: history("3")},
		{name: "hijacked twice", who: "ada", session: history("3", "2")},
		{name: "a number", who: "ada", session: history(3)},
		{name: "nobody", session: history("3")},
		{name: "inactive", who: "gone", session: history("3")},
		{name: "by somebody inactive", who: "ada", session: history("5")},
		{name: "by somebody who is gone", who: "ada", session: history("99"), asks: "the view names nobody then"},
		{name: "a superuser", who: "root", session: history("4")},
		{name: "by oneself", who: "ada", session: history("1")},
		{name: "the password was changed", who: "ada", session: django.Args{"hijack_history": []string{"3"}, "_auth_user_hash": "old"}},
	})
}

func TestImpersonate(t *testing.T) {
	now := float64(time.Now().Unix())
	as := func(id any) django.Args { return django.Args{"_impersonate": id} }
	with := func(id any, since float64) django.Args {
		return django.Args{"_impersonate": id, "_impersonate_start": now - since}
	}
	for _, site := range []struct {
		name    string
		setting django.Args
		options presets.ImpersonateOptions
		all     []situation
	}{
		{"defaults", django.Args{}, presets.ImpersonateOptions{}, []situation{
			{name: "nobody acts", who: "root"},
			{name: "a superuser acts", who: "root", session: as(1)},
			{name: "by a text", who: "root", session: as("1")},
			{name: "staff act", who: "staff", session: as(1)},
			{name: "a member may not", who: "bob", session: as(1)},
			{name: "as a superuser", who: "root", session: as(4)},
			{name: "as an inactive account", who: "root", session: as(5)},
			{name: "as nobody", who: "root", session: as(99)},
			{name: "in the admin", who: "root", session: as(1), path: "/admin/"},
			{name: "beside the admin", who: "root", session: as(1), path: "/admins/"},
			{name: "many slashes", who: "root", session: as(1), path: "/./admin/"},
			{name: "a form", who: "root", session: as(1), method: "POST"},
			{name: "anonymous", session: as(1)},
			{name: "inactive", who: "gone", session: as(1)},
			{name: "as oneself", who: "root", session: as(3)},
		}},
		{"strict", django.Args{"REQUIRE_SUPERUSER": true, "ALLOW_SUPERUSER": true, "READ_ONLY": true, "MAX_DURATION": 600, "URI_EXCLUSIONS": []string{"^x/", "secret"}},
			presets.ImpersonateOptions{RequireSuperuser: true, AllowSuperuser: true, ReadOnly: true, MaxDuration: 10 * time.Minute, StopURL: "/impersonate/stop/", URIExclusions: regexps("^x/", "secret")}, []situation{
				{name: "in time", who: "root", session: with(1, 300)},
				{name: "too late", who: "root", session: with(1, 601), status: 302},
				{name: "no start", who: "root", session: as(1)},
				{name: "staff", who: "staff", session: with(1, 1)},
				{name: "as a superuser", who: "root", session: with(4, 1)},
				{name: "a form", who: "root", session: with(1, 1), method: "POST", status: 405},
				{name: "a form of one who may not act", who: "bob", session: with(1, 1), method: "POST", status: 405},
				{name: "a form of nobody's account", who: "root", session: with(99, 1), method: "POST"},
				{name: "a question", who: "root", session: with(1, 1), method: "OPTIONS"},
				{name: "excluded", who: "root", session: with(1, 1), path: "/x/"},
				{name: "excluded within", who: "root", session: with(1, 1), path: "/a/secret/"},
				{name: "in the admin", who: "root", session: with(1, 1), path: "/admin/"},
				{name: "a form without acting", who: "root", method: "POST"},
			}},
	} {
		t.Run(site.name, func(t *testing.T) {
			w := newApps(t, []string{"impersonate"}, []string{"impersonate.middleware.ImpersonateMiddleware", askLast}, django.Args{"IMPERSONATE": site.setting},
				func(*sql.DB) djauth.Judge { return presets.Impersonate(site.options) })
			w.compare(site.all)
		})
	}
}

func TestSessionTimeout(t *testing.T) {
	const key = "_session_init_timestamp_"
	now := float64(time.Now().Unix())
	at := func(ago float64) django.Args { return django.Args{key: now - ago} }
	for _, site := range []struct {
		name    string
		setting django.Args
		options presets.SessionTimeoutOptions
		all     []situation
	}{
		{"since the login", django.Args{"SESSION_EXPIRE_SECONDS": 600}, presets.SessionTimeoutOptions{Expire: 10 * time.Minute}, []situation{
			{name: "the first visit", who: "ada", stamps: key},
			{name: "in time", who: "ada", session: at(500), stamps: key},
			{name: "too late", who: "ada", session: at(601), status: 302},
			{name: "a whole number", who: "ada", session: django.Args{key: int(now) - 500}, stamps: key},
			{name: "a whole number, too late", who: "ada", session: django.Args{key: int(now) - 700}, status: 302},
			{name: "in the future", who: "ada", session: at(-1000), stamps: key},
			{name: "anonymous", session: at(1)},
			{name: "anonymous, too late", session: at(1000)},
			{name: "no session"},
			{name: "inactive", who: "gone"},
		}},
		{"since the last visit", django.Args{"SESSION_EXPIRE_SECONDS": 600, "SESSION_EXPIRE_AFTER_LAST_ACTIVITY": true, "SESSION_EXPIRE_AFTER_LAST_ACTIVITY_GRACE_PERIOD": 60, "SESSION_TIMEOUT_REDIRECT": "/away/"},
			presets.SessionTimeoutOptions{Expire: 10 * time.Minute, AfterLastActivity: true, GracePeriod: time.Minute, Redirect: "/away/"}, []situation{
				{name: "the first visit", who: "ada", stamps: key},
				{name: "soon", who: "ada", session: at(30), stamps: key},
				{name: "after the grace", who: "ada", session: at(100), stamps: key},
				{name: "too late", who: "ada", session: at(601), status: 302},
				{name: "staff", who: "staff", session: at(100), stamps: key},
				{name: "root", who: "root", session: at(599 - 30), stamps: key},
				{name: "a form", who: "ada", session: at(100), stamps: key, method: "POST"},
				{name: "a form, too late", who: "ada", session: at(1000), status: 302, method: "POST"},
				{name: "anonymous, late", session: at(100)},
				{name: "somebody else's hash", who: "ada", session: django.Args{key: now - 100, "_auth_user_hash": "x"}},
			}},
		{"by the cookie's age", django.Args{"SESSION_COOKIE_AGE": 300}, presets.SessionTimeoutOptions{CookieAge: 5 * time.Minute}, []situation{
			{name: "the first visit", who: "ada", stamps: key},
			{name: "in time", who: "ada", session: at(200), stamps: key},
			{name: "too late", who: "ada", session: at(301), status: 302},
			{name: "long ago", who: "ada", session: at(1e9), status: 302},
			{name: "at zero", who: "ada", session: django.Args{key: 0}, status: 302},
			{name: "true", who: "ada", session: django.Args{key: true}, status: 302},
			{name: "staff", who: "staff", session: at(200), stamps: key},
			{name: "root", who: "root", session: at(0), stamps: key},
			{name: "nobody"},
			{name: "inactive", who: "gone", session: at(1)},
		}},
	} {
		t.Run(site.name, func(t *testing.T) {
			w := newApps(t, nil, []string{"django_session_timeout.middleware.SessionTimeoutMiddleware", askLast}, site.setting,
				func(*sql.DB) djauth.Judge { return presets.SessionTimeout(site.options) })
			w.compare(site.all)
		})
	}
}

func TestAutoLogout(t *testing.T) {
	const key = "django_auto_logout_last_request"
	for _, useTZ := range []bool{true, false} {
		t.Run(fmt.Sprintf("USE_TZ=%v", useTZ), func(t *testing.T) {
			o := presets.AutoLogoutOptions{SessionTime: time.Hour, IdleTime: 10 * time.Minute}
			if !useTZ {
				o.Zone = chicago(t)
			}
			w := newApps(t, nil, []string{"django_auto_logout.middleware.auto_logout", askLast}, django.Args{"AUTO_LOGOUT": django.Args{"SESSION_TIME": 3600, "IDLE_TIME": 600}, "USE_TZ": useTZ},
				func(*sql.DB) djauth.Judge { return presets.AutoLogout(o) })
			at := func(ago time.Duration, micros string) django.Args {
				when, zone := time.Now().Add(-ago).UTC(), "+00:00"
				if !useTZ {
					when, zone = when.In(chicago(t)), ""
				}
				return django.Args{key: when.Format("2006-01-02T15:04:05") + micros + zone}
			}
			w.compare([]situation{
				{name: "the first visit", who: "ada", stamps: key},
				{name: "not long idle", who: "ada", session: at(5*time.Minute, ".123456"), stamps: key},
				{name: "a whole second", who: "ada", session: at(5*time.Minute, ""), stamps: key},
				{name: "long idle", who: "ada", session: at(11*time.Minute, ".5")},
				{name: "a day idle", who: "ada", session: at(25*time.Hour, ".000001")},
				{name: "in the future", who: "ada", session: at(-time.Hour, ".000001"), stamps: key},
				{name: "a form", who: "ada", session: at(time.Minute, ".1"), stamps: key, method: "POST"},
				{name: "nobody", session: at(time.Minute, ".1")},
				{name: "inactive", who: "gone", session: at(time.Minute, ".1")},
				{name: "an old hash", who: "ada", session: django.Args{"_auth_user_hash": "x"}},
				{name: "a login of half an hour ago", who: "bob", stamps: key, before: lastLogin("bob", 1800)},
				{name: "a login of an hour ago", who: "bob", before: lastLogin("bob", 3601)},
			})
		})
	}
}

func lastLogin(name string, ago int) string {
	return fmt.Sprintf("import datetime\nfrom django.contrib.auth.models import User\nfrom django.utils import timezone\nUser.objects.filter(username=%q).update(last_login=timezone.now() - datetime.timedelta(seconds=%d))", name, ago)
}

func TestSessionSecurity(t *testing.T) {
	const key = "_session_security"
	w := newApps(t, []string{"session_security"}, []string{"session_security.middleware.SessionSecurityMiddleware", askLast},
		django.Args{"SESSION_EXPIRE_AT_BROWSER_CLOSE": true, "SESSION_SECURITY_EXPIRE_AFTER": 600, "SESSION_SECURITY_WARN_AFTER": 500, "SESSION_SECURITY_PASSIVE_URLS": []string{"/poll/"}},
		func(*sql.DB) djauth.Judge {
			return presets.SessionSecurity(chicago(t), presets.SessionSecurityOptions{PassiveURLs: []string{"/poll/"}, PingURL: "/session_security/ping/"})
		})
	at := func(ago time.Duration, layout string) django.Args {
		return django.Args{key: time.Now().Add(-ago).In(chicago(t)).Format(layout)}
	}
	const micros, whole = "2006-01-02T15:04:05.000000", "2006-01-02T15:04:05"
	w.compare([]situation{
		{name: "the first visit", who: "ada", stamps: key},
		{name: "not long idle", who: "ada", session: at(5*time.Minute, micros), stamps: key},
		{name: "without a fraction", who: "ada", session: at(5*time.Minute, whole), stamps: key},
		{name: "short digits", who: "ada", session: at(5*time.Minute, "2006-1-2T15:4:5.0"), stamps: key},
		{name: "long idle", who: "ada", session: at(601*time.Second, micros)},
		{name: "long idle, without a fraction", who: "ada", session: at(11*time.Minute, whole)},
		{name: "long idle, short digits", who: "ada", session: at(20*time.Minute, "2006-1-2T15:4:5")},
		{name: "no time", who: "ada", session: django.Args{key: "yesterday"}, stamps: key},
		{name: "a number", who: "ada", session: django.Args{key: 5}, stamps: key},
		{name: "no day", who: "ada", session: django.Args{key: "2020-02-30T00:00:00"}, stamps: key},
		{name: "a passive page", who: "ada", session: at(5*time.Minute, micros), stamps: key, path: "/poll/"},
		{name: "a passive page, long idle", who: "ada", session: at(11*time.Minute, micros), path: "/poll/"},
		{name: "in the future", who: "ada", session: at(-time.Hour, micros), stamps: key},
		{name: "nobody", session: at(time.Minute, micros)},
		{name: "inactive", who: "gone", session: at(time.Minute, micros)},
		{name: "an old hash", who: "ada", session: django.Args{"_auth_user_hash": "x"}},
	})
	// Pings are answered by the app's own page, so only the session shows what they did.
	for _, query := range []string{"idleFor=30", "idleFor=0", "idleFor=-5", "idleFor=900", "idleFor=x", "idleFor=+7", "idleFor=", "idleFor=900&idleFor=30", ""} {
		var who django.Args
		w.d.Exec(t, "from django.contrib.auth.models import User\nu = User.objects.get(username='ada')\nresult = {'_auth_user_id': str(u.pk), '_auth_user_backend': 'django.contrib.auth.backends.ModelBackend', '_auth_user_hash': u.get_session_auth_hash()}", nil, &who)
		who[key] = at(5*time.Minute, micros)[key]
		keys := [2]string{w.d.Create(t, who), w.d.Create(t, who)}
		path := "/session_security/ping/?" + strings.ReplaceAll(query, "+", "%2B")
		if res, err := http.DefaultTransport.RoundTrip(func() *http.Request {
			r, _ := http.NewRequest("GET", w.url+path, nil)
			r.Header.Set("Cookie", "sessionid="+keys[0])
			return r
		}()); err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %v, %v", query, res, err)
		}
		if _, code, err := w.go_(w.preset, "GET", path, keys[1]); code != 200 || err != nil {
			t.Fatalf("%s: %v, %v", query, code, err)
		}
		var data [2]map[string]any
		var when [2]time.Time
		for i := range keys {
			if err := json.Unmarshal([]byte(w.d.Load(t, keys[i])), &data[i]); err != nil {
				t.Fatal(err)
			}
			when[i], _ = time.Parse(micros, data[i][key].(string))
		}
		if apart := when[0].Sub(when[1]).Abs(); apart > 10*time.Second {
			t.Errorf("ping %s: Django's session has %v, and Go's %v", query, data[0][key], data[1][key])
		}
	}
}

func regexps(all ...string) (list []*regexp.Regexp) {
	for _, text := range all {
		list = append(list, regexp.MustCompile(text))
	}
	return list
}
