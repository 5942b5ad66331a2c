package migrate_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/internal/handover"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/signer"
)

// killing is an engine that kills whoever creates.
type killing struct{ djsession.Store }

func (killing) Create(context.Context, string, *djsession.Record) (djsession.Version, error) {
	panic("killed")
}

const looks = `
def do_look(key):
    """What a Django sees: whether somebody is logged in, n, and whether the key stays."""
    session = store(key)
    return [session.get("_auth_user_id"), session.get("n"), session.session_key == key, session.is_empty() if hasattr(session, "is_empty") else False]


def do_language(key):
    """A view that saves."""
    session = store(key)
    session["_language"] = "de"
    session.save()
    return session.session_key == key
`

// TestClaimIsHarmless: a Django that reads a session which a killed program has claimed finds
// an anonymous visitor, and what it saves is kept by the next program.
func TestClaimIsHarmless(t *testing.T) {
	for _, version := range []string{"1.8", "5.2"} {
		t.Run(version, func(t *testing.T) {
			dir, ctx := t.TempDir(), t.Context()
			set := djsession.Settings{Keys: signer.SecretKey(secret)}
			if version == "1.8" {
				set.Django = djsession.DjangoVersion{Major: 1, Minor: 8}
			}
			site, err := djsession.NewSite(set)
			if err != nil {
				t.Fatal(err)
			}
			old, err := filestore.New(site, dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			key := newKey(func(n uint64) uint64 { return uint64(time.Now().UnixNano()) % n })
			if _, err := old.Create(ctx, key, &djsession.Record{Data: dataOf(1, 7), Expires: site.Now().Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
			next := memstore.New(site)
			func() {
				defer func() { _ = recover() }()
				_, _, _ = (&handover.Mover{Old: old, New: killing{next}}).Load(ctx, key, nil)
			}()
			d := django.Start(t, django.Site{Version: version, Code: looks, Settings: django.Args{
				"SECRET_KEY": secret, "SESSION_ENGINE": "django.contrib.sessions.backends.file", "SESSION_FILE_PATH": dir,
				"INSTALLED_APPS": []string{"django.contrib.sessions"},
			}})
			var seen []any
			if err := d.Try("look", django.Args{"key": key}, &seen); err != nil {
				t.Fatal(err)
			}
			if seen[0] != nil || seen[1] != nil || seen[2] != true || seen[3] != false {
				t.Errorf("Django sees user %v, n %v, the key stays %v, empty %v", seen...)
			}
			var same bool
			if err := d.Try("language", django.Args{"key": key}, &same); err != nil || !same {
				t.Errorf("Django's save: the key stays %t, %v", same, err)
			}
			r, _, err := (&handover.Mover{Old: old, New: next}).Load(ctx, key, nil)
			if err != nil {
				t.Fatal(err)
			}
			if n, _ := r.Data.Get("n"); n != int64(7) || !r.Data.Has("_auth_user_id") || !r.Data.Has("_language") {
				t.Errorf("moved: n = %v, logged in %t, with what Django added %t", n, r.Data.Has("_auth_user_id"), r.Data.Has("_language"))
			}
			if _, _, err := old.Load(ctx, key); !errors.Is(err, djsession.ErrNotFound) {
				t.Errorf("on the old engine: %v", err)
			}
		})
	}
}
