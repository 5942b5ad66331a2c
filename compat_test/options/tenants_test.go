package options_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// With Options.Schema, Go is in the tables of the tenant in which django-tenants is.
func TestTenants(t *testing.T) {
	server := testserver.PostgreSQL(t)
	d := django.Start(t, django.Site{
		Version: "5.2", Interpreter: clients(t),
		Settings: django.Args{
			"INSTALLED_APPS": []string{"django.contrib.contenttypes", "django.contrib.sessions"},
			"SESSION_ENGINE": "django.contrib.sessions.backends.db",
			"DATABASES": django.Args{"default": django.Args{
				"ENGINE": "django_tenants.postgresql_backend", "NAME": "postgres", "USER": server.User, "HOST": server.Host, "PORT": fmt.Sprint(server.Port),
			}},
			"DATABASE_ROUTERS": []string{"django_tenants.routers.TenantSyncRouter"},
		},
		Code: `
def do_schema(name):
    from django.db import connection
    connection.set_schema(name)
`,
	})
	for _, schema := range []string{"public", "blue", "green"} {
		d.Call(t, "sql", django.Args{"statement": "CREATE SCHEMA IF NOT EXISTS " + schema}, nil)
		d.Call(t, "sql", django.Args{"statement": "CREATE TABLE IF NOT EXISTS " + schema + ".django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, expire_date timestamptz NOT NULL)"}, nil)
	}
	var printed string
	d.Call(t, "command", django.Args{"name": "diffsettings", "options": django.Args{"all": true}}, &printed)
	for _, schema := range []string{"public", "blue", "green"} {
		set, err := djsettings.Read(strings.NewReader(printed), &djsettings.Options{Schema: schema, SessionDatabase: "default"})
		if err != nil {
			t.Fatal(err)
		}
		site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer site.Close()
		d.Call(t, "schema", django.Args{"name": schema}, nil)
		key := d.Create(t, django.Args{"in": schema})
		s, err := site.Sessions.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if in, _ := s.Get("in"); in != schema {
			t.Fatalf("%s: Go reads %v", schema, in)
		}
		if err := s.Set("go", true); err != nil {
			t.Fatal(err)
		}
		if err := s.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.Load(t, key); !strings.Contains(got, `"go": true`) {
			t.Errorf("%s: Django reads %s", schema, got)
		}
		d.Call(t, "schema", django.Args{"name": map[string]string{"public": "blue", "blue": "green", "green": "blue"}[schema]}, nil)
		if got := d.Load(t, key); got != "null" {
			t.Errorf("%s: another tenant has the session: %s", schema, got)
		}
	}
	set, err := djsettings.Read(strings.NewReader(printed), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := djsite.Open(t.Context(), set, nil); err == nil || !strings.Contains(err.Error(), "Options.Schema") {
		t.Errorf("without a schema: got error %v", err)
	}
}

// Django's default CACHES with cached_db: Go reads and writes the rows, and warns.
func TestCachedDBOverLocMem(t *testing.T) {
	d := django.Start(t, django.Site{Version: "5.2", Settings: django.Args{
		"INSTALLED_APPS": []string{"django.contrib.sessions"}, "SESSION_ENGINE": "django.contrib.sessions.backends.cached_db",
		"DATABASES": django.Args{"default": django.Args{"ENGINE": "django.db.backends.sqlite3", "NAME": t.TempDir() + "/db"}},
	}})
	d.Call(t, "migrate", nil, nil)
	var printed string
	d.Call(t, "command", django.Args{"name": "diffsettings", "options": django.Args{"all": true}}, &printed)
	set, err := djsettings.Read(strings.NewReader(printed), nil)
	if err != nil {
		t.Fatal(err)
	}
	site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	if warned := fmt.Sprint(site.Warnings); !strings.Contains(warned, "LocMemCache") {
		t.Errorf("warned %s", warned)
	}
	key := d.Create(t, django.Args{"n": 1})
	s, err := site.Sessions.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := s.Get("n"); n != int64(1) {
		t.Fatalf("Go reads %v", n)
	}
	if err := s.Set("n", 2); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	// This process has a copy, as the Warning says; one without reads the row.
	if got := d.Load(t, key); got != `{"n": 1}` {
		t.Errorf("the process with a copy reads %s", got)
	}
	d.Exec(t, "from django.core.cache import cache\ncache.clear()", nil, nil)
	if got := d.Load(t, key); got != `{"n": 2}` {
		t.Errorf("a process without a copy reads %s", got)
	}
}
