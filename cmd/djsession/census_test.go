package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/console"
)

// TestCensusUnderAWrongKey: where nothing decodes, census says so, as list does.
func TestCensusUnderAWrongKey(t *testing.T) {
	c := newCLI(t)
	fill(t, c, manyKeys(1100)...)
	c.env[console.EnvSecret] = "another"
	const why = "djsession: none of the first 1000 sessions decodes\nhint: "
	for _, args := range [][]string{{"census"}, {"census", "--json"}, {"report", "-o", filepath.Join(t.TempDir(), "r.html")}} {
		if r := c.run(t, "", args...); r.status != 1 || r.stdout != "" || !strings.HasPrefix(r.stderr, why) {
			t.Errorf("%v: got %+v", args, r)
		}
	}
	if r := c.run(t, "", "census", "--all"); r.status != 0 || !strings.Contains(r.stdout, "1108 sessions are not signed, or with another key") {
		t.Errorf("--all: got %+v", r)
	}
}

// TestReportOfSettings: with the settings of a site the page has what doctor finds, and what
// could not be counted with the reason.
func TestReportOfSettings(t *testing.T) {
	page := func(c *cli, settings string, more ...string) (text, stderr string) {
		t.Helper()
		out := filepath.Join(t.TempDir(), "report.html")
		r := c.run(t, "", append([]string{"report", "-o", out, "--settings", settings}, more...)...)
		if r.status != 0 {
			t.Fatalf("got %+v", r)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{demoSecret, "ada7q2m5", "hunter2"} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%q is on the page", secret)
			}
		}
		return string(data), r.stderr
	}
	c := newCLI(t)
	settings := siteSettings(t, c, "")
	if text, _ := page(c, settings); !strings.Contains(text, "5 sessions: 4 logins, 1 anonymous.") || !strings.Contains(text, "stored sessions</li>") || !strings.Contains(text, "<dd>0</dd></div>\n</dl>") {
		t.Errorf("got\n%s", text)
	}
	cookies := siteSettings(t, newCLI(t), "SESSION_ENGINE = 'django.contrib.sessions.backends.signed_cookies'\n")
	const inCookies = "the site keeps its sessions in cookies (signed_cookies)"
	if r := c.run(t, "", "census", "--settings", cookies); r.status != 1 || !strings.Contains(r.stderr, inCookies) {
		t.Errorf("census of signed_cookies: got %+v", r)
	}
	if text, stderr := page(c, cookies); !strings.Contains(text, "not counted: "+inCookies) || !strings.Contains(stderr, inCookies) {
		t.Errorf("report of signed_cookies: got %q and\n%s", stderr, text)
	}
	// A fault is on the page, and no reason to fail.
	wrong := newCLI(t)
	fill(t, wrong, manyKeys(1100)...)
	sqlExec(t, "sqlite", wrong.env[envDSN], "UPDATE django_session SET session_data = 'x' || session_data")
	settings = siteSettings(t, wrong, "")
	if text, _ := page(c, settings); !strings.Contains(text, "not counted: none of the first 1000 sessions decodes.") || !strings.Contains(text, `<span class="kind">fault:</span>`) {
		t.Errorf("of a site without a session that decodes: got\n%s", text)
	}
}
