package djsite

import (
	"net/http/httptest"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
)

// TestProxiesByDefault opens a site by its settings in the place of gunicorn. Only a proxy
// on this machine may say whether the client used HTTPS.
func TestProxiesByDefault(t *testing.T) {
	set := map[string]any{
		"SECRET_KEY":     "k",
		"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
	}
	trusting := openMap(t, set, Options{SessionsOnly: true}).Sessions.Site()
	set["SECURE_PROXY_SSL_HEADER"] = []any{"HTTP_X_SCHEME", "tls"}
	told := openMap(t, set, Options{SessionsOnly: true}).Sessions.Site()
	for _, tt := range []struct {
		peer, header, value string
		trusting, told      bool
	}{
		{"127.0.0.1:1234", "X-Forwarded-Proto", "https", true, true},
		{"[::1]:1234", "X-Forwarded-Proto", "https", true, true},
		{"@", "X-Forwarded-Proto", "https", true, true},
		{"192.0.2.1:1234", "X-Forwarded-Proto", "https", false, false},
		{"127.0.0.1:1234", "X-Forwarded-Proto", "http", false, false},
		{"192.0.2.1:1234", "X-Scheme", "tls", false, true},
		{"127.0.0.1:1234", "X-Scheme", "no", false, false},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = tt.peer
		r.Header.Set(tt.header, tt.value)
		for site, want := range map[*djsession.Site]bool{trusting: tt.trusting, told: tt.told} {
			if got := site.IsSecure(r); got != want {
				t.Errorf("%s: %s from %s, told by the settings %v: IsSecure = %v, want %v", tt.header, tt.value, tt.peer, site == told, got, want)
			}
		}
	}
}
