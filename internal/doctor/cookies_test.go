package doctor_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/doctor"
)

// TestCookies: findings from headers and settings alone. The engine has no store.
func TestCookies(t *testing.T) {
	lower, other := strings.Repeat("ab12", 8), strings.Repeat("cd34", 8)
	for _, tt := range []struct {
		name     string
		settings map[string]any
		cookie   string
		want     string // IDs, in order
	}{
		{"nothing", nil, "", ""},
		{"a header without", nil, "Cookie: theme=dark", doctor.CookieAbsent},
		{"a header without its name", nil, "theme=dark; lang=de", doctor.CookieAbsent},
		{"a CSRF token that looks like a key", nil, "Cookie: csrftoken=" + lower, doctor.CookieAbsent},
		{"a key under another name", nil, "Cookie: sid=" + lower, doctor.CookieName + " " + doctor.OtherEngine},
		{"a key as a bare value", nil, lower, doctor.OtherEngine},
		{"in quotes", nil, `"` + lower + `"`, doctor.OtherEngine},
		{"two", nil, "Cookie: sessionid=" + lower + "; sessionid=" + other, doctor.TwoCookies + " " + doctor.OtherEngine},
		{"on two lines", nil, "Cookie: sessionid=" + lower + "\nCookie: sessionid=" + other, doctor.TwoCookies + " " + doctor.OtherEngine},
		{"a cookie that is deleted", nil, `Set-Cookie: sessionid=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/app`, ""},
		{"nonsense", nil, "nonsense", doctor.OtherEngine},
		{"more nonsense", nil, "more nonsense", doctor.CookieMalformed},

		{"any host", map[string]any{"SESSION_COOKIE_DOMAIN": ".example.com", "ALLOWED_HOSTS": []string{"*"}}, "", ""},
		{"no host", map[string]any{"SESSION_COOKIE_DOMAIN": ".example.com"}, "", ""},
		{"the host itself", map[string]any{"SESSION_COOKIE_DOMAIN": "example.com", "ALLOWED_HOSTS": []string{"Example.com"}}, "", ""},
		{"a host of the domain", map[string]any{"SESSION_COOKIE_DOMAIN": ".example.com", "ALLOWED_HOSTS": []string{"a.example.org", "www.example.com"}}, "", ""},
		{"a domain of hosts", map[string]any{"SESSION_COOKIE_DOMAIN": "www.example.com", "ALLOWED_HOSTS": []string{".example.com"}}, "", ""},
		{"another domain", map[string]any{"SESSION_COOKIE_DOMAIN": ".example.com", "ALLOWED_HOSTS": []string{"wwwexample.com", "example.org"}}, "", doctor.CookieDomain},
		{"a part of the domain", map[string]any{"SESSION_COOKIE_DOMAIN": "www.example.com", "ALLOWED_HOSTS": []string{"example.com"}}, "", doctor.CookieDomain},
		{"SameSite=None, Secure", map[string]any{"SESSION_COOKIE_SAMESITE": "None", "SESSION_COOKIE_SECURE": true}, "", ""},
		{"no header over HTTP", map[string]any{"SESSION_COOKIE_SECURE": true}, "Cookie: theme=dark", doctor.CookieAbsent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := map[string]any{"SECRET_KEY": secret, "SESSION_ENGINE": string(djsettings.EngineSignedCookies)}
			for name, v := range tt.settings {
				all[name] = v
			}
			set, err := djsettings.FromMap(all, &djsettings.Options{Django: "5.2"})
			if err != nil {
				t.Fatal(err)
			}
			report, err := doctor.Examine(t.Context(), set, &doctor.Options{Cookie: tt.cookie, Now: func() time.Time { return time.Unix(1700000000, 0) }})
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, f := range report.Findings {
				ids = append(ids, f.ID)
				for _, key := range []string{lower, other} {
					if strings.Contains(f.Text+f.Change, key) {
						t.Errorf("%s tells a key: %s", f.ID, f.Text)
					}
				}
			}
			if want := strings.Fields(tt.want); !slices.Equal(ids, want) {
				t.Errorf("got %v, want %v", ids, want)
			}
		})
	}
}
