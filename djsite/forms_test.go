package djsite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// TestManage runs the real manage.py of a small project.
func TestManage(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Django")
	}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			python, dir := django.Python(t, version), t.TempDir()
			makeProject(t, version, projects[0], dir)
			// Some settings print something.
			path := filepath.Join(dir, "settings.py")
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, path, string(text)+"print('loading ' + TIME_ZONE)\n")
			set, err := djsettings.FromManage(t.Context(), dir, &djsettings.ManageOptions{Python: python})
			if err != nil {
				t.Fatal(err)
			}
			if set.Django.String() != version || !strings.HasPrefix(set.DjangoFrom, "Django "+version+".") || !set.DjangoSure {
				t.Errorf("version: got %s, %q, want %s", set.Django, set.DjangoFrom, version)
			}
			if got, want := set.Databases["default"].Path(), filepath.Join(dir, "db.sqlite3"); got != want {
				t.Errorf("database: got %s, want %s", got, want)
			}
			if set.Sessions.CookieName != "sid" || set.UseTZ || set.Keys.IsZero() {
				t.Errorf("got %+v", set.Sessions)
			}
		})
	}
}

// TestRealForms checks that all forms printed by one Django mean the same.
func TestRealForms(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Django")
	}
	p := project{name: "forms", settings: sqlite + `SESSION_COOKIE_AGE = 77
CSRF_TRUSTED_ORIGINS = ['https://a.example']
MESSAGE_TAGS = {10: 'x'}
SESSION_COOKIE_DOMAIN = '.example.org'
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
`}
	for _, version := range versions {
		forms := []string{`{"all": true}`, `{"all": false}`}
		if !older(t, version, "2.0") {
			forms = append(forms, `{"all": true, "output": "unified"}`, `{"all": false, "output": "unified"}`)
		}
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			var want string
			dir := t.TempDir()
			makeProject(t, version, p, dir)
			for _, form := range forms {
				_ = os.Remove(filepath.Join(dir, "db.sqlite3"))
				startDjango(t, version, dir, form)
				set, err := djsettings.ReadFile(filepath.Join(dir, "settings.txt"), &djsettings.Options{Django: version, Dir: dir})
				if err != nil {
					t.Fatalf("%s: %v", form, err)
				}
				set.DjangoFrom = ""
				got := fmt.Sprintf("%+v %+v %+v %+v %v %v %v %+v %v %v", set.Sessions, set.CSRF, set.Messages, set.Auth, set.UseTZ, set.TimeZone, set.Databases, set.Cookies, set.Warnings, set.Middleware)
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%s: got\n%s\nwant\n%s", form, got, want)
				}
			}
			if !strings.Contains(want, "CookieAge:1m17s") {
				t.Errorf("got %s", want)
			}
		})
	}
}
