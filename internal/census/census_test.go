package census_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/census"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

var now = time.Date(2026, 7, 1, 22, 0, 0, 0, time.UTC)

// world is a site with three keys.
type world struct {
	t    *testing.T
	site *djsite.Site
	path string // of the database
	n    int
}

const tables = `CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL);
	CREATE TABLE django_cache (cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires datetime NOT NULL)`

func newWorld(t *testing.T, dsn, cache string) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "db.sqlite3")}
	dsn, cache = strings.ReplaceAll(dsn, "PATH", w.path), strings.ReplaceAll(cache, "PATH", w.path)
	w.exec(tables)
	set, err := djsettings.FromDSN(dsn, &djsettings.DSNOptions{Cache: djsettings.NewSecret(cache)})
	if err != nil {
		t.Fatal(err)
	}
	set.Keys = signer.SecretKey("new", "old", "older")
	w.site, err = djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true, Configure: func(in *djsession.Settings) { in.Now = func() time.Time { return now } }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.site.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.path)
	if err == nil {
		_, err = db.Exec(statement, args...)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// put stores n sessions as a Django with these settings does.
func (w *world) put(n int, user string, ends time.Duration, change func(*djsession.Settings)) {
	w.t.Helper()
	set := w.site.Sessions.Site().Settings()
	if change != nil {
		change(&set)
	}
	as, err := djsession.NewSite(set)
	if err != nil {
		w.t.Fatal(err)
	}
	store, err := w.site.StoreFor(w.t.Context(), as)
	if err != nil {
		w.t.Fatal(err)
	}
	d := serializer.NewDict(serializer.Item{Key: "cart", Value: "x"}, serializer.Item{Key: "_session_expiry", Value: int64(ends / time.Second)})
	if user != "" {
		d = d.With("_auth_user_id", user)
	}
	for range n {
		if _, err := store.Create(w.t.Context(), w.key(), &djsession.Record{Data: d, Expires: now.Add(ends)}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) key() string {
	w.n++
	return fmt.Sprintf("key%029d", w.n)
}

// row stores a text that no Django wrote.
func (w *world) row(text string) {
	w.exec("INSERT INTO django_session VALUES (?, ?, '2026-08-01 00:00:00')", w.key(), text)
}

func (w *world) take(opts *census.Options) *census.Census {
	w.t.Helper()
	c, err := census.Take(w.t.Context(), w.site, opts)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func secret(keys ...string) func(*djsession.Settings) {
	return func(set *djsession.Settings) { set.Keys = signer.SecretKey(keys[0], keys[1:]...) }
}

// sessions returns the counts of bars as "id sessions/logins".
func sessions(bars census.Bars) (all []string) {
	for _, bar := range bars {
		if bar.Sessions > 0 {
			all = append(all, fmt.Sprintf("%s %d/%d", bar.ID, bar.Sessions, bar.Logins))
		}
	}
	return all
}

// TestTake counts sessions of each kind, on engines that keep their text in different places.
func TestTake(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		name, dsn, cache string
		files            bool
	}{
		{name: "db", dsn: "sqlite:PATH"},
		{name: "cached_db", dsn: "sqlite:PATH", cache: "cache+sqlite:PATH?cache_table=django_cache"},
		{name: "files", dsn: "files:DIR", files: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, strings.ReplaceAll(tt.dsn, "DIR", t.TempDir()), tt.cache)
			w.put(5, "1", time.Hour, nil)                         // today
			w.put(3, "", 3*time.Hour, nil)                        // tomorrow
			w.put(4, "2", 2*day, secret("old"))                   // signed by the first fallback
			w.put(2, "", 3*day, secret("older"))                  // by the second
			w.put(6, "3", 13*day, secret("elsewhere"))            // by none
			w.put(7, "3", 40*day, func(set *djsession.Settings) { // pickles of the second
				secret("older")(set)
				set.Django, set.Serializer = djsession.DjangoVersion{Major: 4, Minor: 2}, pickle.Serializer{}
			})
			w.put(3, "4", 5*day, func(set *djsession.Settings) { // of before 3.1, of the first
				secret("old")(set)
				set.Django = djsession.DjangoVersion{Major: 2, Minor: 2}
			})
			want := map[string][]string{
				"keys": {"secret_key 8/5", "fallback_1 7/7", "fallback_2 9/7"}, "serializers": {"json 17/12", "pickle 7/7"},
				"formats": {"current 21/16", "before_3_1 3/3"},
				// By weeks, because 40 days are many. A file's end is in its data.
				"ends": {"2026-07-01 14/9", "2026-08-05 7/7", "unknown 3/3"},
			}
			unread := int64(6)
			if !tt.files {
				w.put(9, "5", -time.Hour, nil)
				old, err := signer.NewTimestamp(signer.SecretKey("new"), signer.Options{Salt: "django.contrib.sessions.SessionStore", Algorithm: signer.SHA1})
				if err != nil {
					t.Fatal(err)
				}
				for _, data := range []string{`{"_auth_user_id": "6"}`, `["no session"]`, `neither`} {
					text, err := old.SignObject([]byte(data), true)
					if err != nil {
						t.Fatal(err)
					}
					w.row(text)
				}
				w.row("junk")
				w.row("")
				unread += 2
				want["keys"][0] = "secret_key 9/6"
				want["serializers"][0] = "json 18/13"
				want["formats"] = []string{"current 21/16", "sha1 1/1", "before_3_1 3/3"}
				want["ends"] = []string{"2026-07-01 17/12", "2026-07-29 1/1", "2026-08-05 7/7"}
			}
			c := w.take(nil)
			for _, group := range []struct {
				name string
				bars census.Bars
			}{{"keys", c.ByKey()}, {"serializers", c.BySerializer()}, {"formats", c.ByFormat()}, {"ends", c.ByEnd()}} {
				if got := sessions(group.bars); !slices.Equal(got, want[group.name]) {
					t.Errorf("%s: got %q, want %q", group.name, got, want[group.name])
				}
			}
			if c.NoKey != unread || c.Odd != 0 || c.Closed != 0 {
				t.Errorf("got %d without a key, %d odd, %d closed, want %d, 0, 0", c.NoKey, c.Odd, c.Closed, unread)
			}
			if !tt.files && (c.Expired != 9 || c.NoSession != 2) {
				t.Errorf("got %d expired and %d that are no session, want 9 and 2", c.Expired, c.NoSession)
			}
			if n := c.Live.Sessions + c.Expired + c.Undecoded() + c.Closed; n != c.Seen || c.Seen != int64(w.n) {
				t.Errorf("got %d of %d seen, want %d", n, c.Seen, w.n)
			}
			var sum, sizes int64
			for _, bar := range c.ByEnd() {
				sum += bar.Sessions
			}
			for _, bar := range c.BySize() {
				sizes += bar.Sessions
			}
			if sum != c.Live.Sessions || sizes != c.Live.Sessions {
				t.Errorf("%d have an end and %d a size, want %d", sum, sizes, c.Live.Sessions)
			}
			var texts []string
			for _, a := range c.Answers() {
				texts = append(texts, a.Text)
			}
			all := strings.Join(texts, "\n")
			for _, want := range []string{
				"7 sessions are signed with fallback 1. Without it 7 sessions end at once, with 7 logins.",
				"9 sessions are signed with fallback 2. Without it 9 sessions end at once, with 7 logins. If nobody saves them before, the last one ends by itself on 2026-08-10.",
				"7 sessions are pickled. Without PickleSerializer, which Django 5.0 removed, 7 sessions end at once, with 7 logins.",
				"3 sessions are in the format of before Django 3.1. From Django 4.0 on, which does not read it, 3 sessions end at once, with 3 logins.",
			} {
				if !strings.Contains(all, want) {
					t.Errorf("the answers lack %q:\n%s", want, all)
				}
			}
		})
	}
}

// TestWrongKey: where nothing decodes, the reason comes first.
func TestWrongKey(t *testing.T) {
	w := newWorld(t, "sqlite:PATH", "")
	w.exec(`INSERT INTO django_session WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
		SELECT printf('many%028d', i), 'eyJhIjoxfQ:1r31eq:T75S6Hdxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', '2026-08-01' FROM n`)
	if _, err := census.Take(t.Context(), w.site, nil); !errors.Is(err, census.ErrNothing) {
		t.Errorf("got %v, want ErrNothing", err)
	}
	if c := w.take(&census.Options{All: true}); c.NoKey != 1100 || c.Seen != 1100 {
		t.Errorf("with All: got %d of %d", c.NoKey, c.Seen)
	}
	w.put(1, "1", time.Hour, nil)
	if c := w.take(nil); c.Live.Sessions != 1 || c.NoKey != 1100 {
		t.Errorf("beside one that decodes: got %+v", c.Live)
	}
}

// TestEnds: the bars of the ends are days, weeks or parts of thirty days, and none is lost.
func TestEnds(t *testing.T) {
	const day = 24 * time.Hour
	for last, want := range map[time.Duration]string{
		time.Minute:   "2026-07-01",
		2 * time.Hour: "2026-07-01 2026-07-02",
		40 * day:      "2026-07-01 to 2026-07-07 2026-08-05 to 2026-08-11",
		300 * day:     "2026-07-01 to 2026-07-30 2027-04-27 to 2027-05-26",
		5000 * day:    "2026-07-01 from 2027-08-05 on",
	} {
		w := newWorld(t, "sqlite:PATH", "")
		w.put(1, "", time.Minute, nil)
		w.put(1, "", last, nil)
		bars := w.take(nil).ByEnd()
		names := []string{bars[0].Name}
		if n := len(bars); n > 1 {
			names = append(names, bars[n-1].Name)
		}
		if got := strings.Join(names, " "); got != want || len(bars) > 40 {
			t.Errorf("%v: got %q and %d bars, want %q", last, got, len(bars), want)
		}
	}
}

// TestSignedCookies: an engine that cannot be listed says why.
func TestSignedCookies(t *testing.T) {
	set, err := djsettings.FromMap(map[string]any{"SECRET_KEY": "x", "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	if _, err := census.Take(t.Context(), site, nil); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "in cookies") {
		t.Errorf("got %v, want why not", err)
	}
}
