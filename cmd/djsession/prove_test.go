package main

import (
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

func TestProve(t *testing.T) {
	c := newCLI(t)
	for _, tt := range []struct {
		name string
		args []string
		says string
	}{
		{"no folder", []string{"prove"}, "needs its folder"},
		{"settings alone", []string{"prove", "--settings", "x"}, "needs its folder"},
		{"a Python without a folder", []string{"doctor", "--python", "x"}, "without --manage"},
	} {
		if r := c.run(t, "", tt.args...); r.status != 2 || !strings.Contains(r.stderr, tt.says) {
			t.Errorf("%s: got %d, %q", tt.name, r.status, r.stderr)
		}
	}
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	dir, python := django.Project(t, "5.2", `
SECRET_KEY = "prove-0123456789-0123456789-0123456789"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
INSTALLED_APPS = ["django.contrib.sessions"]
USE_TZ = True
`)
	delete(c.env, console.EnvSecret) // which would replace that of the site
	out := c.must(t, "", "prove", "--manage", dir, "--python", python)
	for _, want := range []string{"Django 5.2", "signed_cookies", "Django reads the cookie that Go made: 13 values", "Go and Django share"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in %q", want, out)
		}
	}
	c.env["DJSESSION_SECRET_KEY"] = "another secret, 0123456789-0123456789"
	r := c.run(t, "", "prove", "--manage", dir, "--python", python)
	if r.status != 1 || !strings.Contains(r.stderr, "the profile does not fit") || !strings.Contains(r.stderr, "compare SECRET_KEY") {
		t.Errorf("another key: got %d, %q, %q", r.status, r.stdout, r.stderr)
	}
}
