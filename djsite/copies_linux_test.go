package djsite_test

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// BenchmarkCopiesSave reads a session from its copy in a Redis, changes it, and saves the row
// in a PostgreSQL and the copy. us-cpu/op is this process's CPU time; load is the part before
// the save.
func BenchmarkCopiesSave(b *testing.B) {
	db, redis := testserver.PostgreSQL(b), testserver.Redis(b)
	makeCopies(b, db)
	for _, cacheless := range []bool{false, true} {
		s := openCopies(b, db, "cached_db", fmt.Sprintf("{'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': 'redis://%s/1'}", redis.Addr()))
		first, err := s.Sessions.Open(b.Context(), "")
		if err != nil {
			b.Fatal(err)
		}
		for i := range 10 {
			if err := first.Set(fmt.Sprintf("key%d", i), fmt.Sprintf("a value of some length %d", i)); err != nil {
				b.Fatal(err)
			}
		}
		if err := first.Save(b.Context()); err != nil {
			b.Fatal(err)
		}
		name := "load and save"
		if cacheless {
			name = "load"
		}
		b.Run(name, func(b *testing.B) {
			begun := cpu(b)
			for i := range b.N {
				session, err := s.Sessions.Open(b.Context(), first.Key())
				if err == nil && !cacheless {
					if err = session.Set("n", i); err == nil {
						err = session.Save(b.Context())
					}
				} else if err == nil {
					_, err = djsession.Value[string](session, "key1", "")
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((cpu(b)-begun)/float64(b.N), "us-cpu/op")
		})
	}
}

// cpu returns the CPU time of this process in microseconds.
func cpu(tb testing.TB) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec)*1e6 + float64(u.Utime.Usec+u.Stime.Usec)
}
