package redisstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/redisstore"
	"github.com/go-djsession/go-djsession/internal/redisops/redistest"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// What a Django kept is read, and written byte for byte under the same key with
// the same time to live.
func TestFixtures(t *testing.T) {
	ctx := t.Context()
	rig := redistest.Single(t)
	frozen := time.Unix(1700000000, 0)
	for _, django := range redistest.Djangos {
		site := redistest.Site(t, django, djsession.Settings{
			Keys: signer.SecretKey(redistest.Secret), Now: func() time.Time { return frozen },
		})
		for _, v := range redistest.Vectors(t, django, "redis_sessions/") {
			t.Run(django+"/"+v.Name, func(t *testing.T) {
				rig.Flush(t)
				s := redisstore.New(site, rig.Client, &redisstore.Options{Prefix: v.Config.Prefix})
				ends := frozen.Add(time.Duration(v.TTL) * time.Second)
				rig.Plant(t, v.Key, v.Raw(t), time.Now().Add(time.Duration(v.TTL)*time.Second))
				r, _, err := s.Load(ctx, v.SessionKey)
				if err != nil {
					t.Fatalf("Load: %v", err)
				}
				if got, want := asJSON(t, r.Data), asJSON(t, v.Dict(t)); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				if late := r.Expires.Sub(ends); late > 0 || late < -time.Second {
					t.Errorf("got expiry %v, want %v or just before", r.Expires, ends)
				}

				rig.Flush(t)
				r = &djsession.Record{Data: v.Dict(t)}
				if r.Expires, err = site.ExpiryDate(r.Data, site.Now()); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Create(ctx, v.SessionKey, r); err != nil {
					t.Fatalf("Create: %v", err)
				}
				if got, _ := rig.Stored(t, v.Key); got != v.Raw(t) {
					t.Errorf("wrote %q, Django wrote %q", got, v.Raw(t))
				}
				left := rig.Other.PTTL(ctx, v.Key).Val()
				if short := time.Duration(v.TTL)*time.Second - left; short < 0 || short > time.Second {
					t.Errorf("got %v to live, want %d seconds", left, v.TTL)
				}
			})
		}
	}
}

func asJSON(t testing.TB, d *serializer.Dict) string {
	t.Helper()
	text, err := serializer.JSON{}.Dumps(nil, d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A real Django and a Store share sessions, in both directions.
func TestLive(t *testing.T) {
	versions := redistest.Living
	if testing.Short() {
		versions = []string{"5.2"}
	}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			ctx := t.Context()
			rig := redistest.Single(t)
			django := redistest.StartDjango(t, version, redistest.Config{URLs: []string{rig.URL()}, Engine: "redis_sessions.session", Prefix: "live"})
			site := redistest.Site(t, version, djsession.Settings{Keys: signer.SecretKey(redistest.Secret)})
			s := redisstore.New(site, rig.Client, &redisstore.Options{Prefix: "live"})

			// Django writes, Go reads and changes, Django reads.
			key := django.Key(redistest.Command{Command: "create", Data: map[string]any{"n": 1}})
			r, v, err := s.Load(ctx, key)
			if err != nil {
				t.Fatalf("Load what Django wrote: %v", err)
			}
			if left := time.Until(r.Expires); left > 14*24*time.Hour || left < 14*24*time.Hour-time.Minute {
				t.Errorf("got %v left, want two weeks", left)
			}
			if v, err = s.Update(ctx, key, &djsession.Record{Data: r.Data.With("go", true), Expires: r.Expires}, v); err != nil {
				t.Fatalf("Update: %v", err)
			}
			if got, want := django.Do(redistest.Command{Command: "load", Key: key}), `{"n": 1, "go": true}`; got != want {
				t.Errorf("Django reads %s, want %s", got, want)
			}

			// Django's write is one that Go has not seen.
			if got := django.Do(redistest.Command{Command: "set", Key: key, Data: map[string]any{"m": 2}}); got != `"saved"` {
				t.Errorf("Django's save: got %s", got)
			}
			if _, err := s.Update(ctx, key, record(1), v); !errors.Is(err, djsession.ErrConflict) {
				t.Errorf("Update of what Django changed: got error %v, want ErrConflict", err)
			}

			// Go creates, Django reads it and logs out, and it stays away.
			key = site.NewKey()
			r = &djsession.Record{Data: dict("_auth_user_id", "1"), Expires: time.Now().Add(time.Hour)}
			if v, err = s.Create(ctx, key, r); err != nil {
				t.Fatalf("Create: %v", err)
			}
			if got, want := django.Do(redistest.Command{Command: "load", Key: key}), `{"_auth_user_id": "1"}`; got != want {
				t.Errorf("Django reads %s, want %s", got, want)
			}
			django.Do(redistest.Command{Command: "delete", Key: key})
			if _, err := s.Update(ctx, key, r, v); !errors.Is(err, djsession.ErrNotFound) {
				t.Errorf("Update after Django's logout: got error %v, want ErrNotFound", err)
			}

			// Go logs out what Django wrote.
			key = django.Key(redistest.Command{Command: "create", Data: map[string]any{"n": 1}})
			if err := s.Delete(ctx, key, djsession.Force); err != nil {
				t.Errorf("Delete: %v", err)
			}
			if got := django.Do(redistest.Command{Command: "load", Key: key}); got != "{}" && got != "null" {
				t.Errorf("of a deleted session Django reads %s", got)
			}
		})
	}
}
