package djsettings_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
)

// TestServer checks which server and which proxies follow from a profile, its environment and
// the options, and what is warned about.
func TestServer(t *testing.T) {
	const local = "[127.0.0.1/32 ::1/128]"
	for _, tt := range []struct {
		name, profile string // the part "server", "" for none
		opts          djsettings.Options
		want          string
		warns         string
	}{
		{"nothing", `{"environment":{},"gunicorn_conf":false}`, djsettings.Options{}, ` ` + local + ` [] unix "/app"`, "FORCE_SCRIPT_NAME"},
		{"an option", `{"environment":{},"gunicorn_conf":false}`, djsettings.Options{Server: djsession.Uvicorn}, `uvicorn ` + local + ` [] ""`, ""},
		{"another option", `{"environment":{},"gunicorn_conf":false}`, djsettings.Options{Server: djsession.Gunicorn, ForwardedAllowIPs: new("10.0.0.0/8")}, `gunicorn [10.0.0.0/8] [] unix "/app"`, ""},
		{"the environment", `{"environment":{"FORWARDED_ALLOW_IPS":"10.0.0.1"},"gunicorn_conf":false}`, djsettings.Options{Server: djsession.Uvicorn}, `uvicorn [10.0.0.1/32] [] ""`, ""},
		{"nobody by the environment", `{"environment":{"FORWARDED_ALLOW_IPS":""},"gunicorn_conf":false}`, djsettings.Options{Server: djsession.Gunicorn}, `gunicorn [] [] unix "/app"`, ""},
		{"a name in the environment", `{"environment":{"FORWARDED_ALLOW_IPS":"nginx,10.0.0.1"},"gunicorn_conf":false}`, djsettings.Options{Server: djsession.Uvicorn}, `uvicorn [10.0.0.1/32] [] ""`, "FORWARDED_ALLOW_IPS"},
		{"a file", `{"environment":{},"gunicorn_conf":true}`, djsettings.Options{}, ` ` + local + ` [] unix "/app"`, "gunicorn.conf.py"},
		{"arguments", `{"environment":{"GUNICORN_CMD_ARGS":"--x"},"gunicorn_conf":false}`, djsettings.Options{}, ` ` + local + ` [] unix "/app"`, "GUNICORN_CMD_ARGS"},
		{"inside of gunicorn", `{"name":"gunicorn","config":{"allow_ips":["10.0.0.1"],"headers":["X-SCHEME: tls"]},"environment":{"FORWARDED_ALLOW_IPS":"10.0.0.2"},"gunicorn_conf":true}`, djsettings.Options{}, `gunicorn [10.0.0.1/32] [X-SCHEME: tls] unix "/app"`, ""},
		{"inside of uvicorn", `{"name":"uvicorn","config":{"allow_ips":["*"],"root_path":"/below"},"environment":{},"gunicorn_conf":false}`, djsettings.Options{}, `uvicorn [0.0.0.0/0 ::/0] [] unix "/below"`, ""},
		{"inside, and an option", `{"name":"waitress","config":{"allow_ips":[],"headers":["X-Forwarded-For"]},"environment":{},"gunicorn_conf":false}`, djsettings.Options{Server: djsession.Gunicorn}, `gunicorn [] [] unix "/app"`, ""},
		{"what is not followed", `{"name":"waitress","config":{"allow_ips":["127.0.0.1"],"headers":[],"unknown_headers":["forwarded"],"hops":2},"environment":{},"gunicorn_conf":false}`, djsettings.Options{}, `waitress [127.0.0.1/32] [] unix "/app"`, "unknown_headers"},
		{"another server", `{"name":"granian","config":{},"environment":{},"gunicorn_conf":false}`, djsettings.Options{}, ` ` + local + ` [] unix "/app"`, "granian"},
		{"a path that is none", `{"name":"uvicorn","config":{"root_path":"javascript:"},"environment":{},"gunicorn_conf":false}`, djsettings.Options{}, `uvicorn ` + local + ` [] ""`, "root path"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, err := djsettings.Read(strings.NewReader(withServer(t, tt.profile)), &tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			s, err := set.Session()
			if err != nil {
				t.Fatal(err)
			}
			unix := ""
			if s.Proxies.UnixSockets {
				unix = "unix "
			}
			trusted := append([]netip.Prefix{}, s.Proxies.Trusted...)
			if got := fmt.Sprintf("%s %v %v %s%q", s.Proxies.Server, trusted, s.Proxies.Headers, unix, set.Proxy.Prefix()); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			warned := fmt.Sprint(set.Warnings)
			if tt.warns == "" && len(set.Warnings) > 0 || !strings.Contains(warned, tt.warns) {
				t.Errorf("warnings: %s, want %q", warned, tt.warns)
			}
		})
	}
	for name, opts := range map[string]djsettings.Options{
		"a server": {Server: "nginx"}, "addresses": {ForwardedAllowIPs: new("nginx")}, "a network": {ForwardedAllowIPs: new("10.1.2.3/8")},
	} {
		if _, err := djsettings.FromMap(map[string]any{"SECRET_KEY": "k"}, &opts); !errors.Is(err, djsettings.ErrSetting) || !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// A header that the server never takes, in a profile that was edited.
	edited := `{"name":"mod_wsgi","config":{"headers":["X-Forwarded-For"]},"environment":{},"gunicorn_conf":false}`
	if set, err := djsettings.Read(strings.NewReader(withServer(t, edited)), nil); err == nil {
		s, err := set.Session()
		if err == nil {
			_, err = djsession.NewSite(s)
		}
		if !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("an edited profile: got %v", err)
		}
	}
}

// withServer returns the profile of a site with FORCE_SCRIPT_NAME and this part "server".
func withServer(t *testing.T, part string) string {
	t.Helper()
	text := shop(t)
	begin := strings.Index(text, "\n \"server\": {")
	end := strings.Index(text[begin:], "\n },") + begin + len("\n },")
	if begin < 0 || end <= begin {
		t.Fatal("the profile has no server")
	}
	text = text[:begin] + "\n \"server\": " + part + "," + text[end:]
	text = strings.Replace(text, "\"settings\": {", "\"settings\": {\n  \"FORCE_SCRIPT_NAME\": \"/app\",", 1)
	// The last of two names counts in JSON.
	return strings.Replace(text, "\n  \"FORCE_SCRIPT_NAME\": null,", "", 1)
}
