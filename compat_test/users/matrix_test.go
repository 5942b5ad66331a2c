// Package users_test compares who is logged in by a Django and by Go, for user models,
// managers and backends as sites have them: by the settings alone, and with the options that
// say what the settings do not.
package users_test

import (
	"crypto/md5"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/probe"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

//go:embed site.py
var code string

// said is what a side says of a user; the zero value is nobody.
type said struct {
	ID, Name                 string
	Active, Staff, Superuser bool
	Backend                  string // that vouched for a name
	Raises                   string // Django's exception, which is nobody too
}

func (s said) somebody() bool { return s.ID != "" }

func (s said) String() string {
	switch {
	case s.Raises != "":
		return s.Raises
	case s.ID == "":
		return "-"
	}
	text := s.ID
	if s.Name != "" {
		text += "/" + s.Name
	}
	for _, flag := range []struct {
		is   bool
		name string
	}{{!s.Active, "inactive"}, {s.Staff, "staff"}, {s.Superuser, "superuser"}} {
		if flag.is {
			text += " " + flag.name
		}
	}
	if s.Backend != "" {
		text += " by " + s.Backend[strings.LastIndexByte(s.Backend, '.')+1:]
	}
	return text
}

// answers are those of a side about a case. The first are of the session, the others of the
// names, in order.
type answers struct {
	before, banned     said
	names, namesBanned []said
	refused            error // of Open
	warnings           string
}

// TestMatrix asks about each model, before and after the user is banned: who is logged in,
// and who logs in by which name with the right password. Go never says yes where Django
// says no. With its options or its profile Go says what Django says. The columns are the
// settings alone, the same where the site says that its own model does as auth.User, its
// options, and its profile.
func TestMatrix(t *testing.T) {
	for _, c := range models {
		versions := c.django
		if len(versions) == 0 {
			versions = []string{"6.1"}
		}
		for _, version := range versions {
			databases := append([]string{"sqlite3"}, c.databases...)
			if testing.Short() || version != versions[0] {
				databases = databases[:1]
			}
			for _, engine := range databases {
				t.Run(c.name+"/"+version+" "+engine, func(t *testing.T) {
					t.Parallel()
					// The profile costs another Django: once for each model, and where SQL differs.
					c.run(t, version, engine, version == versions[0] && (engine == "sqlite3" || c.everywhere))
				})
			}
		}
	}
}

const imports = `# -*- coding: utf-8 -*-
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AbstractUser, PermissionsMixin, UserManager
from django.db import models
from django.db.models import Q
`

// settings returns the settings of a site with these databases and further settings.
func settings(databases, further django.Args) django.Args {
	set := django.Args{
		"SECRET_KEY": "the key of the matrix", "AUTH_USER_MODEL": "accts.User",
		"INSTALLED_APPS":     []string{"django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "accts"},
		"MIDDLEWARE":         []string{"django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"},
		"PASSWORD_HASHERS":   []string{"django.contrib.auth.hashers.MD5PasswordHasher"},
		"DATABASES":          databases,
		"MIGRATION_MODULES":  map[string]any{"auth": nil, "contenttypes": nil, "sessions": nil, "accts": nil},
		"DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
	}
	maps.Copy(set, further)
	return set
}

func (c *model) run(t *testing.T, version, engine string, profiled bool) {
	backends := c.backends
	if len(backends) == 0 {
		backends = []string{djauth.ModelBackend}
	}
	user := c.user
	if user == "" {
		user = "accts.User"
	}
	set := settings(database(t, engine), django.Args{"AUTH_USER_MODEL": user, "AUTHENTICATION_BACKENDS": backends})
	d := django.Start(t, django.Site{Version: version, Settings: set, Code: code, Files: map[string]string{
		"accts/__init__.py": "", "accts/models.py": imports + c.models, "accts/backends.py": "# -*- coding: utf-8 -*-\nfrom django.contrib.auth import get_user_model\nfrom django.contrib.auth.backends import *\nfrom django.db.models import Q\n" + c.code,
	}})
	make := c.make
	if make == "" {
		make = "user = User(username='ada', email='ada@example.com', is_active=True)\nuser.set_password('pw')\nuser.save()"
	}
	vouches := c.vouches
	if vouches == "" {
		vouches = backends[0]
	}
	names := c.names
	if len(names) == 0 {
		names = []string{"ada", "ADA", "ada@example.com"}
	}
	ban := c.ban
	if ban == "" {
		ban = "user.is_active = False\nuser.save()"
	}
	var key string
	d.Call(t, "begin", django.Args{"make": make, "backend": vouches}, &key)
	var text, profile string
	if profiled {
		d.Call(t, "probe", django.Args{"source": probe.Source(probe.Options{})}, &profile)
	}
	d.Call(t, "command", django.Args{"name": "diffsettings", "options": map[string]any{"all": true}}, &text)

	as := map[string]string{user: "auth.User"}
	sides := map[string]*answers{}
	djangos := &answers{}
	open := map[string]*djsite.Site{}
	for _, side := range []struct {
		name string
		text string
		opts *djsite.Options
		as   map[string]string
	}{{"settings", text, nil, nil}, {"plain", text, nil, as}, {"options", text, c.opts, as}, {"profile", profile, nil, nil}} {
		switch {
		case side.name == "options" && c.opts == nil, side.name == "profile" && !profiled,
			side.name == "plain" && (c.lies || user == "auth.User"):
			continue
		}
		a := &answers{}
		sides[side.name] = a
		read, err := djsettings.Read(strings.NewReader(side.text), &djsettings.Options{Django: version, UserModels: side.as})
		if err != nil {
			t.Fatal(err)
		}
		site, err := djsite.Open(t.Context(), read, side.opts)
		if err != nil {
			a.refused = err
			continue
		}
		t.Cleanup(func() { _ = site.Close() })
		open[side.name] = site
		for _, w := range site.Warnings {
			a.warnings += w.String() + "\n"
		}
	}
	ask := func(session *said, byName *[]said, of func(*answers) (*said, *[]said)) {
		d.Call(t, "who", django.Args{"key": key}, session)
		for _, name := range names {
			var s said
			d.Call(t, "authenticate", django.Args{"name": name, "password": "pw"}, &s)
			*byName = append(*byName, s)
		}
		for side, site := range open {
			who, list := of(sides[side])
			*who = identify(t, site, key)
			for _, name := range names {
				*list = append(*list, authenticate(t, site, name))
			}
			if s := authenticate(t, site, names[0]+"\x00"); s.somebody() {
				t.Errorf("%s: a NUL behind a name logs in", side)
			}
		}
	}
	ask(&djangos.before, &djangos.names, func(a *answers) (*said, *[]said) { return &a.before, &a.names })
	d.Call(t, "change", django.Args{"code": ban}, nil)
	ask(&djangos.banned, &djangos.namesBanned, func(a *answers) (*said, *[]said) { return &a.banned, &a.namesBanned })
	if !djangos.before.somebody() || djangos.banned.somebody() != c.stays {
		t.Errorf("the case shows nothing: Django says %v, then %v", djangos.before, djangos.banned)
	}

	row := func(side string, a *answers) {
		if a.refused != nil {
			t.Logf("%-9s refused: %v", side, a.refused)
			return
		}
		t.Logf("%-9s %v | %v | after the ban: %v | %v", side, a.before, a.names, a.banned, a.namesBanned)
	}
	row("Django", djangos)
	for _, side := range []string{"settings", "plain", "options", "profile"} {
		a := sides[side]
		if a == nil {
			continue
		}
		row(side, a)
		want := map[string]string{"settings": c.refused, "plain": c.refused, "profile": c.unsaid}[side]
		if side == "settings" && want == "" && user != "auth.User" {
			want = "is the site's own model, and neither settings nor tables tell"
		}
		if (a.refused != nil) != (want != "") || a.refused != nil && !strings.Contains(a.refused.Error(), want) {
			t.Errorf("%s: Open says %v, want %q", side, a.refused, want)
		}
		if a.refused != nil {
			continue
		}
		pairs := [][2]said{{djangos.before, a.before}, {djangos.banned, a.banned}}
		what := []string{"the session", "the session after the ban"}
		for i, name := range names {
			pairs = append(pairs, [2]said{djangos.names[i], a.names[i]}, [2]said{djangos.namesBanned[i], a.namesBanned[i]})
			what = append(what, "login as "+name, "login as "+name+" after the ban")
		}
		for i, p := range pairs {
			django, ours := p[0], p[1]
			switch {
			case ours.somebody() && (!django.somebody() || django.ID != ours.ID),
				ours.Staff && !django.Staff, ours.Superuser && !django.Superuser:
				t.Errorf("%s: %s: Go says yes, %v, where Django says %v", side, what[i], ours, django)
			case side == "profile" && c.noNames && i > 1 && !ours.somebody() && ours.Raises != "": // refused by name
			case side == "settings", side == "plain":
			case ours.somebody() != django.somebody(), ours.somebody() && ours != django:
				t.Errorf("%s: %s: Go says %v, Django %v", side, what[i], ours, django)
			}
		}
		if (side == "settings" || side == "plain") && c.warns != "" && !strings.Contains(a.warnings, c.warns) {
			t.Errorf("no Warning says %q:\n%s", c.warns, a.warnings)
		}
	}
}

// identify returns who is logged in to a session, by Go.
func identify(t *testing.T, site *djsite.Site, key string) said {
	t.Helper()
	s, err := site.Sessions.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	id, err := site.Auth.Identify(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if !id.IsAuthenticated() {
		return said{}
	}
	return saidOf(id.Account())
}

func saidOf(a *djauth.Account) said {
	return said{ID: a.ID, Name: a.Name, Active: a.Active, Staff: a.Staff, Superuser: a.Superuser, Backend: a.Backend}
}

// authenticate returns who has this name and the right password, by Go, and nobody with
// another password.
func authenticate(t *testing.T, site *djsite.Site, name string) said {
	t.Helper()
	if a, err := site.Auth.Authenticate(t.Context(), name, "another"); err == nil {
		t.Errorf("a wrong password logs in as %v", a)
	}
	a, err := site.Auth.Authenticate(t.Context(), name, "pw")
	switch {
	case err == nil:
		return saidOf(a)
	case errors.Is(err, djauth.ErrCredentials) && !errors.Is(err, djauth.ErrUnknownBackend):
		return said{}
	}
	return said{Raises: fmt.Sprint("refused: ", err)}
}

var databases atomic.Int64

// database returns DATABASES with a new database.
func database(t *testing.T, engine string) django.Args {
	t.Helper()
	name := fmt.Sprint("users_", databases.Add(1))
	switch engine {
	case "postgresql":
		s := testserver.PostgreSQL(t)
		execSQL(t, "pgx", fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", s.User, s.Addr()), "CREATE DATABASE "+name)
		return django.Databases(engine, "NAME="+name, "USER="+s.User, "HOST=127.0.0.1", fmt.Sprint("PORT=", s.Port))
	case "mysql":
		s := testserver.MariaDB(t)
		execSQL(t, "mysql", fmt.Sprintf("%s@tcp(%s)/", s.User, s.Addr()), "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
		return django.Databases(engine, "NAME="+name, "USER="+s.User, "HOST=127.0.0.1", fmt.Sprint("PORT=", s.Port))
	}
	return django.Databases(engine, "NAME="+filepath.Join(testserver.Dir(t), "db.sqlite3"))
}

func execSQL(t *testing.T, driver, dsn, statement string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func md5Hex(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}
