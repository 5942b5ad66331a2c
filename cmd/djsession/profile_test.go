package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// TestCommandsWithProfile: each command about the sessions of a site takes its profile, also
// those that need no keys without one.
func TestCommandsWithProfile(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	dir, python := django.Project(t, "5.2", `
SECRET_KEY = "profile-0123456789-0123456789-0123456789"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "`+filepath.Join(t.TempDir(), "db.sqlite3")+`"}}
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = True
`)
	django.Manage(t, dir, python, "migrate", "-v0")
	django.Manage(t, dir, python, "shell", "-v0", "-c", `
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
for name in "expired0", "pickedup", "another0":
    s = SessionStore()
    s["n"] = 7
    s.create()
    Session.objects.filter(pk=s.session_key).update(session_key=name + 24 * "x")
Session.objects.filter(pk__startswith="expired0").update(expire_date="2020-01-01T00:00Z")
from django.contrib.auth.models import User
User.objects.create_user("ada", password="pw")`)
	c := newCLI(t)
	delete(c.env, console.EnvSecret)
	delete(c.env, envDSN)
	profile := filepath.Join(t.TempDir(), "site.profile")
	c.must(t, "", "probe", "--manage", dir, "--python", python, "-o", profile)
	for _, args := range []string{
		"list", "show pickedup", "set pickedup n 8", "unset pickedup n", "convert --dry-run --to json", "clearsessions --dry-run", "clearsessions", "logout --user ada", "doctor", "delete pickedup",
	} {
		words := strings.Fields(args)
		if r := c.run(t, "", append(words, "--settings", profile)...); r.status != 0 {
			t.Errorf("%s: got status %d, %s%s", args, r.status, r.stdout, r.stderr)
		}
	}
}
