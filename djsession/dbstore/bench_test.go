package dbstore_test

import (
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
)

func benchStore(b *testing.B) (*dbstore.Store, string) {
	b.Helper()
	d := sqlite(b, "_pragma=busy_timeout(5000)")
	s := dbstore.New(newSite(b), d.open(b, new(probe)), d.d, nil)
	const key = "abcdefghijklmnopqrstuvwxyz012345"
	mustCreate(b, s, key, login(0))
	return s, key
}

// login is a session with somebody logged in, and a number that changes.
func login(n int) *djsession.Record {
	return record("_auth_user_id", "1", "_auth_user_backend", "django.contrib.auth.backends.ModelBackend",
		"_auth_user_hash", strings.Repeat("0123456789abcdef", 4), "n", n)
}

func BenchmarkLoad(b *testing.B) {
	s, key := benchStore(b)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Load(ctx, key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	s, key := benchStore(b)
	ctx := b.Context()
	_, v, err := s.Load(ctx, key)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for n := 1; b.Loop(); n++ {
		if v, err = s.Update(ctx, key, login(n), v); err != nil {
			b.Fatal(err)
		}
	}
}
