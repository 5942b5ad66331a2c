package docs_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cookiestore"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

const (
	demoKey = "django-insecure-DEMO-KEY-public-and-worthless-do-not-use-it"
	ada     = "ada7q2m5x8k1c4v9b6n3z0l7j4h1g8f5"
	made    = "attacker0000000000000000000000000"
)

// world is a site in which somebody has keys and a database.
type world struct {
	site     *djsession.Site
	sessions *djsession.Manager
	auth     *djauth.Auth
	db       *sql.DB
}

func newWorld(t *testing.T, db *sql.DB, keys signer.Keys) world {
	t.Helper()
	site, err := djsession.NewSite(djsession.Settings{Keys: keys, Django: djsession.DjangoVersion{Major: 5, Minor: 2}})
	if err != nil {
		t.Fatal(err)
	}
	sessions := djsession.New(dbstore.New(site, db, dbstore.SQLite, nil))
	auth, err := djauth.New(sessions, dbusers.New(site, db, dbstore.SQLite, nil), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return world{site, sessions, auth, db}
}

// who is logged in to the session under key, "" for nobody.
func (w world) who(t *testing.T, key string) (name string, why error) {
	t.Helper()
	s, err := w.sessions.Open(t.Context(), key)
	if errors.Is(err, djsession.ErrCorrupt) || errors.Is(err, djsession.ErrNotFound) {
		return "", err
	}
	if err != nil {
		t.Fatal(err)
	}
	user, err := w.auth.Identify(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return user.Name(), user.Why()
}

func (w world) text(t *testing.T, key string) (data string) {
	t.Helper()
	if err := w.db.QueryRow("SELECT session_data FROM django_session WHERE session_key = ?", key).Scan(&data); err != nil {
		t.Fatal(err)
	}
	return data
}

// login is a session of ada's, with an HMAC of a password hash.
func login(t *testing.T, keys signer.Keys, password string) *serializer.Dict {
	t.Helper()
	mac, err := signer.NewMAC(keys, "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", signer.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return serializer.NewDict(
		serializer.Item{Key: djauth.SessionKey, Value: "1"},
		serializer.Item{Key: djauth.BackendSessionKey, Value: djauth.ModelBackend},
		serializer.Item{Key: djauth.HashSessionKey, Value: mac.HexSum(password)},
	)
}

// TestSecurityModel does what the tables of security.md say that somebody can do, and what
// somebody cannot.
func TestSecurityModel(t *testing.T) {
	open := func(t *testing.T) *sql.DB {
		dir := t.TempDir()
		demoSite(t, dir)
		db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(dir, "db.sqlite3")))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	full := signer.SecretKey(demoKey)
	derived := func(t *testing.T) signer.Keys {
		var all []signer.DerivedKey
		for _, salt := range []string{signer.KeySalt("django.contrib.sessions.SessionStore"), "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"} {
			some, err := full.Derive(salt, signer.SHA256)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, some...)
		}
		keys, err := signer.DerivedKeys(all...)
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	later := time.Now().Add(time.Hour)

	t.Run("the cookie", func(t *testing.T) {
		w := newWorld(t, open(t), full)
		if name, why := w.who(t, ada); name != "ada" {
			t.Errorf("got %q, %v", name, why)
		}
	})
	t.Run("keys and the store, but no password hash", func(t *testing.T) {
		w := newWorld(t, open(t), derived(t))
		_, err := w.sessions.Store().Create(t.Context(), made[:32], &djsession.Record{Data: login(t, derived(t), "guessed"), Expires: later})
		if err != nil {
			t.Fatal(err)
		}
		if name, why := w.who(t, made[:32]); name != "" || !errors.Is(why, djauth.ErrHash) {
			t.Errorf("got %q, %v, want ErrHash", name, why)
		}
	})
	t.Run("keys, the store and the users", func(t *testing.T) {
		w := newWorld(t, open(t), derived(t))
		var password string
		if err := w.db.QueryRow("SELECT password FROM auth_user WHERE id = 1").Scan(&password); err != nil {
			t.Fatal(err)
		}
		_, err := w.sessions.Store().Create(t.Context(), made[:32], &djsession.Record{Data: login(t, derived(t), password), Expires: later})
		if err != nil {
			t.Fatal(err)
		}
		if name, why := w.who(t, made[:32]); name != "ada" {
			t.Errorf("got %q, %v, want ada", name, why)
		}
	})
	t.Run("SECRET_KEY and signed_cookies", func(t *testing.T) {
		w := newWorld(t, open(t), full)
		sealer, err := cookiestore.New(w.site, nil)
		if err != nil {
			t.Fatal(err)
		}
		sealed := djsession.NewSealed(sealer)
		auth, err := djauth.New(sealed, w.auth.Users(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct{ password, want string }{{"guessed", ""}, {w.password(t), "ada"}} {
			cookie, err := sealer.Seal(&djsession.Record{Data: login(t, full, tt.password), Expires: later})
			if err != nil {
				t.Fatal(err)
			}
			s, err := sealed.Open(t.Context(), cookie)
			if err != nil {
				t.Fatal(err)
			}
			if user, err := auth.Identify(t.Context(), s); err != nil || user.Name() != tt.want {
				t.Errorf("got %v, %v, want %q", user, err, tt.want)
			}
		}
	})
	t.Run("derived keys sign nothing else", func(t *testing.T) {
		_, err := signer.NewMAC(derived(t), "django.contrib.auth.tokens.PasswordResetTokenGenerator", signer.SHA256)
		if !errors.Is(err, signer.ErrNoKey) {
			t.Errorf("got %v, want ErrNoKey", err)
		}
	})
	t.Run("the store and no key", func(t *testing.T) {
		db := open(t)
		thief := newWorld(t, db, signer.SecretKey("another key"))
		_, err := thief.sessions.Store().Create(t.Context(), made[:32], &djsession.Record{Data: login(t, full, "guessed"), Expires: later})
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, db, full)
		if name, why := w.who(t, made[:32]); name != "" || !errors.Is(why, djsession.ErrCorrupt) {
			t.Errorf("a session with another signature: got %q, %v, want ErrCorrupt", name, why)
		}
		if _, err := db.Exec("UPDATE django_session SET session_data = ? WHERE session_key = ?", w.text(t, ada), made[:32]); err != nil {
			t.Fatal(err)
		}
		if name, why := w.who(t, made[:32]); name != "ada" {
			t.Errorf("a copy of ada's session: got %q, %v, want ada", name, why)
		}
	})
	t.Run("a wrong key changes no row", func(t *testing.T) {
		w := newWorld(t, open(t), signer.SecretKey("another key"))
		before := w.text(t, ada)
		if name, _ := w.who(t, ada); name != "" {
			t.Errorf("got %q", name)
		}
		if w.text(t, ada) != before {
			t.Error("the row was changed")
		}
	})
}

func (w world) password(t *testing.T) (password string) {
	t.Helper()
	if err := w.db.QueryRow("SELECT password FROM auth_user WHERE id = 1").Scan(&password); err != nil {
		t.Fatal(err)
	}
	return password
}

// TestGrants: with the rights of security.md, and no others, Go can do all that it does.
func TestGrants(t *testing.T) {
	granted := runnable(t, "PostgreSQL")
	if len(granted) != 1 {
		t.Fatalf("got %d blocks of SQL, want 1", len(granted))
	}
	python := django.Python(t, "5.2")
	server := testserver.PostgreSQL(t)
	connect := func(user string) *sql.DB {
		db, err := sql.Open("pgx", fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable", user, server.Addr()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	dir, _ := django.Project(t, "5.2", fmt.Sprintf(`
SECRET_KEY = %q
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "HOST": %q, "PORT": %d, "USER": %q, "NAME": "postgres"}}
USE_TZ = True
`, demoKey, server.Host, server.Port, server.User))
	django.Manage(t, dir, python, "migrate", "-v", "0")
	django.Manage(t, dir, python, "shell", "-c",
		"from django.contrib.auth.models import User; User.objects.create_superuser('ada', password='demo-analytical')")
	if _, err := connect(server.User).Exec("CREATE USER service; " + granted[0].code); err != nil {
		t.Fatal(err)
	}

	db, ctx := connect("service"), t.Context()
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(demoKey), Django: djsession.DjangoVersion{Major: 5, Minor: 2}})
	if err != nil {
		t.Fatal(err)
	}
	sessions, users := djsession.New(dbstore.New(site, db, dbstore.PostgreSQL, nil)), dbusers.New(site, db, dbstore.PostgreSQL, nil)
	list, err := hashers.ForDjango(site.Settings().Django)
	if err != nil {
		t.Fatal(err)
	}
	passwords, err := hashers.New(list, nil)
	if err != nil {
		t.Fatal(err)
	}
	auth, err := djauth.New(sessions, users, passwords, nil)
	if err != nil {
		t.Fatal(err)
	}
	handler := sessions.Middleware(auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		account, err := auth.Authenticate(ctx, "ada", "demo-analytical")
		if err == nil {
			err = auth.Login(r.Context(), account, "") // writes last_login
		}
		if err == nil {
			err = auth.SetPassword(ctx, account, "another") // writes password
		}
		if err == nil {
			err = auth.UpdateSessionAuthHash(r.Context(), account)
		}
		if err == nil {
			var user *djauth.Identity
			if user, err = djauth.User(r.Context()); err == nil {
				_, err = user.Permissions(ctx)
			}
		}
		if err != nil {
			t.Error(err)
		}
	})))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	cookies := w.Result().Cookies()
	if w.Code != http.StatusOK || len(cookies) != 1 {
		t.Fatalf("a login: got %d, %d cookies", w.Code, len(cookies))
	}
	s, err := sessions.Open(ctx, cookies[0].Value)
	if err == nil {
		err = s.Set("n", 1)
	}
	if err == nil {
		err = s.Save(ctx)
	}
	if err == nil {
		err = s.CycleKey()
	}
	if err == nil {
		err = s.Save(ctx)
	}
	if err == nil {
		err = s.Flush(ctx)
	}
	if err == nil {
		_, err = sessions.ClearExpired(ctx, nil)
	}
	if err != nil {
		t.Error(err)
	}
}
