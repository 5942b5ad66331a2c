package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

func TestMain(m *testing.M) {
	if os.Getenv("DATABASE_URL") != "" { // run as the example
		exampletest.Main(m, main)
		return
	}
	os.Exit(testserver.Run(m))
}

const login = `
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.cached_db import SessionStore

user = get_user_model().objects.create_user("ada")
session = SessionStore()
session["_auth_user_id"] = str(user.pk)
session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
session["_auth_user_hash"] = user.get_session_auth_hash()
session["visits"] = 3
session.save()
result = session.session_key
`

// TestBesideDjango: the service and a real Django share rows and cached copies.
func TestBesideDjango(t *testing.T) {
	pg, redis := testserver.PostgreSQL(t), testserver.Redis(t)
	d := django.Start(t, django.Site{Version: "5.2", Settings: django.Args{
		"DATABASES":      django.Databases("postgresql", "NAME=postgres", "HOST="+pg.Host, "PORT="+strconv.Itoa(pg.Port), "USER="+pg.User),
		"CACHES":         django.Args{"default": django.Args{"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://" + redis.Addr()}},
		"SESSION_ENGINE": "django.contrib.sessions.backends.cached_db",
		"INSTALLED_APPS": []string{"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"},
	}})
	d.Call(t, "migrate", nil, nil)
	var key string
	d.Exec(t, login, nil, &key)

	t.Setenv("DJANGO_SECRET_KEY", "secret")
	t.Setenv("DATABASE_URL", fmt.Sprintf("postgres://%s@%s/postgres", pg.User, pg.Addr()))
	t.Setenv("REDIS_URL", "redis://"+redis.Addr())
	at := exampletest.Run(t)
	b := exampletest.NewBrowser(t).With(at, key)
	b.Get(at+"/").Has(http.StatusOK, "Hello ada. Visits: 4.")
	b.Get(at+"/account").Has(http.StatusOK, "Hello ada. Visits: 5.")
	var visits int
	d.Exec(t, "from django.contrib.sessions.backends.cached_db import SessionStore\n"+`result = SessionStore(key)["visits"]`, django.Args{"key": key}, &visits)
	if visits != 5 {
		t.Errorf("Django reads %d visits, want 5", visits)
	}
	if !d.Delete(t, key) {
		t.Error("Django has no session to delete")
	}
	b.Get(at+"/").Has(http.StatusOK, "Hello stranger. Visits: 1.")
}
