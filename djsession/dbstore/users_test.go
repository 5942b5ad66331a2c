package dbstore_test

import (
	_ "embed"
	"encoding/hex"
	"errors"
	"flag"
	"maps"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	driver "github.com/go-sql-driver/mysql"
)

var every = flag.Bool("every", false, "run TestUsersLive with every combination")

// usersRequest is what testdata/users.py is asked, and usersAnswer what it says.
type (
	usersRequest struct {
		Key   string         `json:"key"`
		Data  map[string]any `json:"data"`
		Agent string         `json:"agent"`
		IP    *string        `json:"ip"`
	}
	usersAnswer struct {
		Key   string
		Data  map[string]any
		Again bool
		User  *string
		Row   map[string]*string
	}
)

// A header as it may come: too long, and with bytes that are no UTF-8.
var header = "Mozilla/5.0 (caf\xc3\xa9; \xff) " + strings.Repeat("0123456789", 40)

// A session of Go is to django-user-sessions and django-qsessions one of their
// own, for every kind of user id, and the other way round.
func TestUsersLive(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	opens := map[string]func(t *testing.T) database{
		"sqlite3":    func(t *testing.T) database { return sqlite(t, "") },
		"postgresql": func(t *testing.T) database { return postgres(t) },
		"mysql":      func(t *testing.T) database { return mysql(t, "utf8mb4", "") },
	}
	ids := map[string]string{"int": "7", "uuid": "0123abcd-4567-89ab-cdef-0123456789ab", "text": "007"}
	type combination struct{ version, engine, library, key, ip string }
	tests := []combination{
		{"4.2", "sqlite3", "user_sessions", "int", "192.0.2.7"},
		{"6.1", "sqlite3", "qsessions", "uuid", "2001:db8::7"},
		{"5.2", "postgresql", "user_sessions", "uuid", "2001:db8::7"},
		{"4.2", "postgresql", "qsessions", "int", "192.0.2.7"},
		{"6.1", "mysql", "user_sessions", "uuid", "2001:db8::7"},
		{"5.2", "mysql", "qsessions", "text", "::ffff:192.0.2.7"},
	}
	if *every {
		tests = nil
		for _, version := range []string{"4.2", "5.2", "6.1"} {
			for engine := range opens {
				for _, library := range []string{"user_sessions", "qsessions"} {
					for key := range ids {
						tests = append(tests, combination{version, engine, library, key, "2001:db8::7"})
					}
				}
			}
		}
	}
	for _, test := range tests {
		t.Run(test.version+" "+test.engine+" "+test.library+" "+test.key, func(t *testing.T) {
			ctx, d := t.Context(), opens[test.engine](t)
			options := dbstore.UserSessions
			if test.library == "qsessions" {
				options = dbstore.QSessions
			}
			key := dbstore.UserKeyAuto
			if test.key == "text" {
				key = dbstore.UserKeyText
			}
			site := newSite(t, func(s *djsession.Settings) { s.Now = nil })
			s := dbstore.New(site, d.open(t, new(probe)), d.d, options(site, d.d, key))
			other := usersSite(t, test.version, test.engine, test.library, test.key, d)
			request := usersRequest{
				Data:  map[string]any{"_auth_user_id": ids[test.key], "n": 1.0},
				Agent: hex.EncodeToString([]byte(header)), IP: &test.ip,
			}
			var theirs string
			other.Call(t, "make", django.Args{"request": request}, &theirs)

			// Theirs and ours, as they see them.
			r, v, err := s.Load(ctx, theirs)
			if err != nil {
				t.Fatal(err)
			}
			rec := record("_auth_user_id", ids[test.key], "n", int64(1))
			rec.Expires = time.Now().Add(time.Hour)
			rec.Meta = djsession.Meta{UserAgent: header, RemoteAddr: netip.MustParseAddr(test.ip)}
			const ours = "abcdefghijklmnopqrstuvwxyz012345"
			mustCreate(t, s, ours, rec)
			look := func(command, key string) (a usersAnswer) {
				t.Helper()
				request.Key = key
				other.Call(t, "look", django.Args{"request": request, "save": command == "save"}, &a)
				return a
			}
			mustCreate(t, s, "nobody00", record("n", int64(2)))
			var listed []string
			for l, err := range s.ListUser(ctx, ids[test.key]) {
				if err != nil {
					t.Fatal(err)
				}
				if l.Record.Meta.RemoteAddr.String() != test.ip || !strings.HasPrefix(l.Record.Meta.UserAgent, "Mozilla") {
					t.Errorf("ListUser: got an address and a header of %v, want those of the request", l.Record.Meta.RemoteAddr)
				}
				listed = append(listed, l.Key())
			}
			if slices.Sort(listed); !slices.Equal(listed, slices.Sorted(slices.Values([]string{ours, theirs}))) {
				t.Errorf("ListUser: got %d sessions, want theirs and ours", len(listed))
			}
			a, b := look("load", theirs), look("load", ours)
			if b.Again || b.Key != ours {
				t.Errorf("loading ours, with the same header and address, marks it as modified (%v), key %s", b.Again, b.Key)
			}
			if b.User == nil || *b.User != ids[test.key] {
				t.Errorf("the user of ours is %v, want %s", b.User, ids[test.key])
			}
			if !reflect.DeepEqual(a.Data, b.Data) {
				t.Errorf("ours holds %v, theirs %v", b.Data, a.Data)
			}
			for name, want := range a.Row {
				got := b.Row[name]
				switch {
				case strings.HasSuffix(name, "_at"), name == "last_activity":
					checkRecent(t, name, got)
				case got == nil || want == nil || *got != *want:
					t.Errorf("%s: ours is %v, theirs %v", name, show(got), show(want))
				}
			}

			// A job, which knows no request, leaves the columns of it, and a logout
			// there takes the user away.
			r.Data, r.Meta = r.Data.Without("_auth_user_id"), djsession.Meta{}
			if _, err := s.Update(ctx, theirs, r, v); err != nil {
				t.Fatal(err)
			}
			after := look("load", theirs)
			want := maps.Clone(a.Row)
			want["user_id"] = nil
			for name, want := range want {
				if name == "last_activity" || name == "updated_at" {
					if got := after.Row[name]; got == nil || *got <= *want {
						t.Errorf("%s: got %v after a write, and %s before", name, show(got), *want)
					}
				} else if show(after.Row[name]) != show(want) {
					t.Errorf("%s after the job: got %s, want %s", name, show(after.Row[name]), show(want))
				}
			}
			if after.Again {
				t.Error("after the job the library takes the session for modified")
			}

			// Theirs writes over ours; ours is then touched, and read by Go.
			saved := look("save", ours)
			_, v, err = s.Load(ctx, ours)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Touch(ctx, ours, rec.Expires.Add(time.Hour), v); err != nil {
				t.Fatal(err)
			}
			touched := look("load", ours)
			for _, name := range []string{"last_activity", "updated_at"} {
				if was, ok := saved.Row[name]; ok && *touched.Row[name] <= *was {
					t.Errorf("%s: got %s after a Touch, and %s before", name, *touched.Row[name], *was)
				}
			}
			if touched.Data["n"] != 2.0 || show(touched.Row["created_at"]) != show(b.Row["created_at"]) {
				t.Errorf("after theirs has saved ours: got %v, created %s, want n 2, created %s", touched.Data,
					show(touched.Row["created_at"]), show(b.Row["created_at"]))
			}

			// Under a new key the row is as that of a new session.
			const cycled = "bcdefghijklmnopqrstuvwxyz0123456"
			if _, err := s.Cycle(ctx, ours, djsession.Force, cycled, rec); err != nil {
				t.Fatal(err)
			}
			c := look("load", cycled)
			for name, want := range b.Row {
				switch got := c.Row[name]; {
				case strings.HasSuffix(name, "_at"), name == "last_activity":
					checkRecent(t, name, got)
					if show(got) == show(touched.Row[name]) {
						t.Errorf("%s: got %s under the new key, which is when it was touched or created", name, show(got))
					}
				case name == "session_key", name == "expire_date":
				case show(got) != show(want):
					t.Errorf("%s: got %s under the new key, want %s", name, show(got), show(want))
				}
			}
			if !reflect.DeepEqual(c.Data, b.Data) {
				t.Errorf("got %v under the new key, want %v", c.Data, b.Data)
			}
			if err := s.Delete(ctx, cycled, djsession.Force); err != nil {
				t.Error(err)
			}
			if _, err := s.Update(ctx, ours, rec, djsession.Force); !errors.Is(err, djsession.ErrNotFound) {
				t.Errorf("Update after a logout: got %v, want ErrNotFound", err)
			}
		})
	}
}

func show(s *string) string {
	if s == nil {
		return "NULL"
	}
	return *s
}

func checkRecent(t *testing.T, name string, text *string) {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05.999999-07:00", show(text))
	if err != nil || time.Since(at).Abs() > time.Hour {
		t.Errorf("%s: got %s, %v, want about now", name, show(text), err)
	}
}

//go:embed testdata/users.py
var usersPy string

// usersSite starts a site with that library and a user model whose ids are of that kind.
func usersSite(t *testing.T, version, engine, library, key string, d database) *django.Django {
	t.Helper()
	var options []string
	switch dsn := d.dsn(d.addr); engine {
	case "sqlite3":
		path, _, _ := strings.Cut(strings.TrimPrefix(dsn, "file:"), "?")
		options = []string{"NAME=" + path}
	case "postgresql":
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		options = []string{"NAME=" + strings.TrimPrefix(u.Path, "/"), "HOST=" + u.Hostname(), "PORT=" + u.Port(), "USER=" + u.User.Username()}
	case "mysql":
		c, err := driver.ParseDSN(dsn)
		if err != nil {
			t.Fatal(err)
		}
		host, port, _ := strings.Cut(c.Addr, ":")
		options = []string{"NAME=" + c.DBName, "HOST=" + host, "PORT=" + port, "USER=" + c.User}
	}
	field := map[string]string{
		"int":  "AutoField(primary_key=True)",
		"uuid": "UUIDField(primary_key=True)",
		"text": "CharField(primary_key=True, max_length=40)",
	}[key]
	return django.Start(t, django.Site{
		Version: version, Code: usersPy,
		Files: map[string]string{
			"people/__init__.py": "",
			"people/models.py":   "from django.db import models\n\n\nclass Person(models.Model):\n    id = models." + field + "\n",
		},
		Settings: django.Args{
			"DATABASES":          django.Databases(engine, options...),
			"INSTALLED_APPS":     []string{"people", library},
			"AUTH_USER_MODEL":    "people.Person",
			"SESSION_ENGINE":     library + ".backends.db",
			"SECRET_KEY":         "dbstore-test",
			"DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
		},
	})
}

// What becomes of odd records.
func TestUsersColumns(t *testing.T) {
	v4 := netip.MustParseAddr("192.0.2.7")
	meta := func(agent string, addr netip.Addr) djsession.Meta {
		return djsession.Meta{UserAgent: agent, RemoteAddr: addr}
	}
	for _, test := range []struct {
		name      string
		id        any
		meta      djsession.Meta
		key       dbstore.UserKey
		user      any
		agent, ip any
		request   bool
	}{
		{"a number", "7", meta("lynx", v4), 0, int64(7), "lynx", "192.0.2.7", true},
		{"a number that is one", int64(7), meta("lynx", v4), 0, int64(7), "lynx", "192.0.2.7", true},
		{"a UUID", "0123abcd-4567-89ab-cdef-0123456789ab", djsession.Meta{}, 0, "0123abcd456789abcdef0123456789ab", nil, nil, false},
		{"a text like a UUID", "0123abcd-4567-89ab-cdef-0123456789ab", djsession.Meta{}, dbstore.UserKeyText, "0123abcd-4567-89ab-cdef-0123456789ab", nil, nil, false},
		{"a text like a number", "007", djsession.Meta{}, dbstore.UserKeyText, "007", nil, nil, false},
		{"another text", "ada", djsession.Meta{}, 0, "ada", nil, nil, false},
		{"nobody", nil, meta("", v4), 0, nil, "", "192.0.2.7", true},
		{"no user that Django knows", 1.5, meta("lynx", netip.Addr{}), 0, nil, "lynx", nil, true},
		{"a zone", "7", meta("lynx", netip.MustParseAddr("fe80::1%eth0")), 0, int64(7), "lynx", "fe80::1", true},
		{"bytes", "7", meta("caf\xc3\xa9\xff", v4), 0, int64(7), "cafÃ©ÿ", "192.0.2.7", true},
		{"long", "7", meta(strings.Repeat("é", 200), v4), 0, int64(7), strings.Repeat("Ã©", 100), "192.0.2.7", true},
	} {
		site := newSite(t)
		r := &djsession.Record{Data: record("n", 1).Data, Expires: now.Add(time.Hour), Meta: test.meta}
		if test.id != nil {
			r.Data = r.Data.With("_auth_user_id", test.id)
		}
		us := dbstore.UserSessions(site, dbstore.SQLite, test.key)
		want := map[string]any{"user_id": test.user, "last_activity": now}
		if test.request {
			want["user_agent"], want["ip"] = test.agent, test.ip
		}
		for doing, got := range map[string]map[string]any{"Insert": us.Insert(r), "Update": us.Update(r)} {
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: user_sessions: %s gives %v, want %v", test.name, doing, got, want)
			}
		}
		if us.Data != nil || us.Table != "user_sessions_session" {
			t.Errorf("user_sessions: Data %v, Table %s", us.Data != nil, us.Table)
		}

		qs := dbstore.QSessions(site, dbstore.SQLite, test.key)
		d := qs.Data(r)
		if !test.request {
			if d != r.Data {
				t.Errorf("%s: a job has changed the data", test.name)
			}
			continue
		}
		if ip, ok := d.Get("_qsessions_ip"); !ok || ip != test.ip {
			t.Errorf("%s: got _qsessions_ip %v, want %v", test.name, ip, test.ip)
		}
		if test.name != "long" { // there the column has 300
			if agent, _ := d.Get("_qsessions_user_agent"); agent != test.agent {
				t.Errorf("%s: got _qsessions_user_agent %q, want %q", test.name, agent, test.agent)
			}
		}
		if again := qs.Data(&djsession.Record{Data: d, Meta: r.Meta}); again != d {
			t.Errorf("%s: the second time the data change", test.name)
		}
		if _, ok := r.Data.Get("_qsessions_ip"); ok {
			t.Errorf("%s: the record has changed", test.name)
		}
	}
}
