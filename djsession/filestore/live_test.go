package filestore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/signer"
)

func TestLive(t *testing.T) {
	for _, version := range []string{"4.2", "5.2", "6.1"} {
		t.Run(version, func(t *testing.T) {
			v, err := djsession.ParseDjangoVersion(version)
			if err != nil {
				t.Fatal(err)
			}
			site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("filestore-live"), Django: v})
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			d := django.Start(t, django.Site{Version: version, Settings: django.Args{
				"SECRET_KEY":        "filestore-live",
				"SESSION_ENGINE":    "django.contrib.sessions.backends.file",
				"SESSION_FILE_PATH": dir,
			}})
			l := &live{d, site, newStore(t, site, dir, nil), dir}
			t.Run("from Django", l.fromDjango)
			t.Run("from Go", l.fromGo)
			t.Run("logout", l.logout)
			t.Run("clear", l.clear)
			t.Run("together", l.together)
			wantNoDrafts(t, dir)
		})
	}
}

type live struct {
	*django.Django
	site  *djsession.Site
	store *filestore.Store
	dir   string
}

func (l *live) path(key string) string {
	return filepath.Join(l.dir, l.site.Settings().CookieName+key)
}

// What Django creates and changes is read, with its expiry, and can be changed.
func (l *live) fromDjango(t *testing.T) {
	key := l.Django.Create(t, django.Args{"_auth_user_id": "1", "n": 1})
	r, v, err := l.store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(r.Expires); left < 14*24*time.Hour-time.Minute || left > 14*24*time.Hour {
		t.Errorf("got %v left, want two weeks", left)
	}
	if _, err := l.store.Update(t.Context(), key, &djsession.Record{Data: r.Data.With("go", true), Expires: r.Expires}, v); err != nil {
		t.Fatal(err)
	}
	if got, want := l.Load(t, key), `{"_auth_user_id": "1", "n": 1, "go": true}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// What we read before Django wrote is not written over it.
	_, v, err = l.store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	l.Set(t, key, django.Args{"n": 2})
	_, err = l.store.Update(t.Context(), key, r, v)
	wantKind(t, "Update", err, djsession.ErrConflict)
	if got, want := l.Load(t, key), `{"_auth_user_id": "1", "n": 2, "go": true}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// A number of seconds ends the cookie, not the file.
	l.Call(t, "create", django.Args{"data": django.Args{"n": 1}, "expiry": 300}, &key)
	r, _, err = l.store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(r.Expires); left < 4*time.Minute || left > 5*time.Minute {
		t.Errorf("got %v left, want 5 minutes", left)
	}
}

// What Go creates, changes and touches, Django reads and changes.
func (l *live) fromGo(t *testing.T) {
	key := l.site.NewKey()
	v, err := l.store.Create(t.Context(), key, &djsession.Record{Data: dict("n", 1, "s", "Zoë \u2028"), Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.Load(t, key), `{"n": 1, "s": "Zo\u00eb \u2028"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := l.store.Update(t.Context(), key, &djsession.Record{Data: dict("n", 2), Expires: time.Now().Add(time.Hour)}, v); err != nil {
		t.Fatal(err)
	}
	if got := l.Set(t, key, django.Args{"m": 3}); got != "saved" {
		t.Errorf("Django's save: got %s", got)
	}
	r, v, err := l.store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if m, _ := r.Data.Get("m"); r.Data.Len() != 2 || m != int64(3) {
		t.Errorf("got %d keys and m %v, want 2 and 3", r.Data.Len(), m)
	}
	// The end that Touch sets is Django's end.
	if err := l.store.Touch(t.Context(), key, time.Now().Add(-time.Minute), v); err != nil {
		t.Fatal(err)
	}
	if got := l.Load(t, key); got != "null" {
		t.Errorf("of an expired session Django reads %s", got)
	}
	_, _, err = l.store.Load(t.Context(), key)
	wantKind(t, "Load", err, djsession.ErrNotFound)
}

// A logout on one side is one on the other, for those who loaded it before too.
func (l *live) logout(t *testing.T) {
	key := l.site.NewKey()
	v, err := l.store.Create(t.Context(), key, &djsession.Record{Data: dict("n", 1), Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	l.Delete(t, key)
	_, err = l.store.Update(t.Context(), key, &djsession.Record{Data: dict("n", 2), Expires: time.Now().Add(time.Hour)}, v)
	wantKind(t, "Update", err, djsession.ErrNotFound)
	key = l.Django.Create(t, django.Args{"n": 1})
	if err := l.store.Delete(t.Context(), key, djsession.Force); err != nil {
		t.Fatal(err)
	}
	if got := l.Load(t, key); got != "null" {
		t.Errorf("of a deleted session Django reads %s", got)
	}
}

// Django's clearsessions and ours remove the same files of two equal folders.
func (l *live) clear(t *testing.T) {
	texts := map[string][]any{
		"policyxx": {"n", 1}, "moment00": {"_session_expiry", "2020-01-01T00:00:00+00:00"},
		"moment99": {"_session_expiry", "2099-01-01T00:00:00+00:00"}, "seconds0": {"_session_expiry", 300}, "negative": {"_session_expiry", -1},
	}
	fill := func() {
		for name, items := range texts {
			text, err := l.site.Encode(dict(items...))
			if err != nil {
				t.Fatal(err)
			}
			for age, ago := range map[string]time.Duration{"new": 0, "old": 15 * 24 * time.Hour} {
				plant(t, l.path(name+age), text, time.Now().Add(-ago))
				plant(t, l.path("corrupted"+age), "no session", time.Now().Add(-ago))
				plant(t, l.path("emptyempty"+age), "", time.Now().Add(-ago))
				plant(t, l.path(name+age)+"_out_1", text, time.Now().Add(-ago))
			}
		}
	}
	left := func() string {
		names, err := filepath.Glob(l.path("*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
		return strings.ReplaceAll(strings.Join(names, "\n"), l.dir, "")
	}
	left()
	fill()
	l.Call(t, "clear", nil, nil)
	want := left()
	fill()
	n, err := l.store.ClearExpired(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := left(); got != want {
		t.Errorf("got, after %d were removed,\n%s\nDjango leaves\n%s", n, got, want)
	}
}

// Go counts in one session while Django writes another name of it and, each
// time, its own copy of the count: every write of Go is there or was replaced by
// Django whole, nothing is half a file, and the logout at the end is final.
func (l *live) together(t *testing.T) {
	key := l.Django.Create(t, django.Args{"n": 0})
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			for {
				r, v, err := l.store.Load(t.Context(), key)
				if errors.Is(err, djsession.ErrNotFound) {
					return
				}
				if err != nil {
					t.Errorf("Load: %v", err)
					return
				}
				d := r.Data.With(fmt.Sprint("go", i), time.Now().UnixNano())
				_, err = l.store.Update(t.Context(), key, &djsession.Record{Data: d, Expires: r.Expires}, v)
				if err != nil && !errors.Is(err, djsession.ErrConflict) && !errors.Is(err, djsession.ErrNotFound) {
					t.Errorf("Update: %v", err)
					return
				}
			}
		})
	}
	for n := range 100 {
		if got := l.Set(t, key, django.Args{"n": n}); got != "saved" {
			t.Errorf("Django's save: got %s", got)
		}
	}
	r, _, err := l.store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := r.Data.Get("n"); n != int64(99) {
		t.Errorf("got n %v, want what Django wrote last, 99", n)
	}
	l.Delete(t, key)
	wg.Wait()
	if _, err := os.Lstat(l.path(key)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the logout: got %v, want no file", err)
	}
}
