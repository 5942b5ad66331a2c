package hashers_test

import (
	"fmt"
	"math"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth/hashers"
)

// Ten times the time is ten times, whatever shape the parameters have: few or many lanes,
// little memory and many passes.
func TestLimitsHoldTime(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("takes seconds, and the race detector slows some kinds more than others")
	}
	b64 := func(n int) string { return strings.Repeat("A", n) }
	argon2 := hashers.Argon2{MemoryCost: 8192, Parallelism: 4}
	scrypt := hashers.Scrypt{Parallelism: 1}
	for _, test := range []struct {
		name   string
		hasher hashers.Hasher
		format string
		most   int // an endless search stops here
	}{
		{"pbkdf2", hashers.PBKDF2{Iterations: 20_000}, "pbkdf2_sha256$%d$salt$" + b64(43) + "=", 1 << 30},
		{"argon2id, passes", argon2, "argon2$argon2id$v=19$m=8192,t=%d,p=4$" + b64(22) + "$" + b64(43), 1 << 30},
		{"argon2id, one lane", argon2, "argon2$argon2id$v=19$m=8192,t=%d,p=1$" + b64(22) + "$" + b64(43), 1 << 30},
		{"argon2i, the least memory", argon2, "argon2$argon2i$v=19$m=8,t=%d,p=1$" + b64(22) + "$" + b64(43), 1 << 30},
		{"argon2i, the most lanes", argon2, "argon2$argon2i$v=19$m=2040,t=%d,p=255$" + b64(22) + "$" + b64(43), 1 << 30},
		{"argon2id, memory", argon2, "argon2$argon2id$v=19$m=%d,t=1,p=4$" + b64(22) + "$" + b64(43), 1 << 20},
		{"scrypt, lanes", scrypt, "scrypt$16384$salt$8$%d$" + b64(86) + "==", 1 << 20},
		{"scrypt, the least memory", scrypt, "scrypt$2$salt$1$%d$" + b64(86) + "==", 1 << 17},
		{"scrypt, blocks", scrypt, "scrypt$16$salt$%d$1$" + b64(86) + "==", 1 << 13},
	} {
		t.Run(test.name, func(t *testing.T) {
			own := cpuTime(func() { encode(t, test.hasher, "") })
			verify := func(n int) error {
				_, err := test.hasher.Verify("", fmt.Sprintf(test.format, n), hashers.Limits{})
				return err
			}
			// The greatest number that is not refused, nearly.
			n := 32
			if strings.Contains(test.format, "t=%d") || strings.Contains(test.format, "$8$%d") {
				n = 1
			}
			for 2*n <= test.most && verify(2*n) == nil {
				n *= 2
			}
			for step := n / 2; step > n/8; step /= 2 {
				if verify(n+step) == nil {
					n += step
				}
			}
			if d := cpuTime(func() { _ = verify(n) }); d > 14*own {
				t.Errorf("%d takes %v, %.1f times %v", n, d, float64(d)/float64(own), own)
			}
		})
	}
}

// cpuTime is the least time of processors that f takes of some runs. It hardly depends on
// what else runs on the machine.
func cpuTime(f func()) time.Duration {
	best := time.Duration(math.MaxInt64)
	for range 5 {
		start := used()
		f()
		best = min(best, used()-start)
	}
	return best
}

func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
