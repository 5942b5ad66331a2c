package main

import (
	"strings"
	"testing"
)

// What only the site's code says is a question, whose answer is a flag.
func TestAs(t *testing.T) {
	c := newCLI(t)
	dsn := c.env[envDSN]
	file := func(more string) string { return siteSettings(t, c, more) }
	for _, tt := range []struct {
		name, more string
		flags      []string
		status     int
		says       string // in stderr
	}{
		{"a serializer", "SESSION_SERIALIZER = 'app.json.Serializer'", nil, 1, "--as"},
		{"a serializer, answered", "SESSION_SERIALIZER = 'app.json.Serializer'", []string{"--as", "app.json.Serializer=json"}, 0, ""},
		{"an engine", "SESSION_ENGINE = 'app.engine'", nil, 1, "--as"},
		{"an engine, answered", "SESSION_ENGINE = 'app.engine'", []string{"--as", "app.engine=django.contrib.sessions.backends.db,class=SessionStore"}, 0, ""},
		{"a database", "DATABASES = {'default': {'ENGINE': 'app.db', 'NAME': '" + dsn + "'}}", nil, 1, "--as"},
		{"a database, answered", "DATABASES = {'default': {'ENGINE': 'app.db', 'NAME': '" + dsn + "'}}", []string{"--as", "app.db=django.db.backends.sqlite3"}, 0, ""},
		{"tenants", "DATABASES = {'default': {'ENGINE': 'django_tenants.postgresql_backend', 'NAME': 'n'}}", nil, 1, "--schema"},
		{"an option", "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': '" + dsn + "', 'OPTIONS': {'factory': <class 'app.Connection'>}}}", nil, 1, "--ignore-option"},
		{"an option, ignored", "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': '" + dsn + "', 'OPTIONS': {'factory': <class 'app.Connection'>}}}",
			[]string{"--ignore-option", "factory"}, 0, "factory"},
		{"nothing known", "", []string{"--as", "app.x=app.y"}, 2, "--as"},
	} {
		args := append([]string{"list", "--settings", file(tt.more)}, tt.flags...)
		got := c.run(t, "", args...)
		if got.status != tt.status || !strings.Contains(got.stderr, tt.says) {
			t.Errorf("%s: status %d, stderr %s", tt.name, got.status, got.stderr)
		}
	}
	if got := c.run(t, "", "list", "--as", "app.JSON=json"); got.status != 2 {
		t.Errorf("without settings: status %d, stderr %s", got.status, got.stderr)
	}
}
