package hashers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/djsession"
)

// What takes more than ten times as long as a hash of the site's Django is refused, whatever
// that Django is. The site may say otherwise.
func TestLimitsOfDjango(t *testing.T) {
	over := map[string]func(h hashers.Hasher) (encoded string, limits hashers.Limits){
		"pbkdf2_sha256": func(h hashers.Hasher) (string, hashers.Limits) {
			n := 10*h.(hashers.PBKDF2).Iterations + 1
			return fmt.Sprintf("pbkdf2_sha256$%d$salt$%s=", n, strings.Repeat("A", 43)), hashers.Limits{Iterations: n}
		},
		"pbkdf2_sha1": func(h hashers.Hasher) (string, hashers.Limits) {
			n := 10*h.(hashers.PBKDF2).Iterations + 1
			return fmt.Sprintf("pbkdf2_sha1$%d$salt$%s=", n, strings.Repeat("A", 27)), hashers.Limits{Iterations: n}
		},
		"argon2": func(h hashers.Hasher) (string, hashers.Limits) {
			a := h.(hashers.Argon2)
			return fmt.Sprintf("argon2$argon2i$v=19$m=%d,t=%d,p=%d$%s$%s", a.MemoryCost, 10*a.TimeCost+1, a.Parallelism, strings.Repeat("A", 22), strings.Repeat("A", 43)),
				hashers.Limits{Work: int64(a.MemoryCost) * 1024 * int64(10*a.TimeCost+1)}
		},
		"bcrypt": func(h hashers.Hasher) (string, hashers.Limits) {
			n := h.(hashers.BCrypt).Rounds + 4
			return fmt.Sprintf("bcrypt$$2b$%d$%s", n, strings.Repeat("u", 53)), hashers.Limits{Rounds: n}
		},
		"bcrypt_sha256": func(h hashers.Hasher) (string, hashers.Limits) {
			n := h.(hashers.BCrypt).Rounds + 4
			return fmt.Sprintf("bcrypt_sha256$$2b$%d$%s", n, strings.Repeat("u", 53)), hashers.Limits{Rounds: n}
		},
		"scrypt": func(h hashers.Hasher) (string, hashers.Limits) {
			s := h.(hashers.Scrypt)
			return fmt.Sprintf("scrypt$%d$salt$%d$%d$%s==", s.WorkFactor, s.BlockSize, 10*s.Parallelism+1, strings.Repeat("A", 86)),
				hashers.Limits{Work: int64(s.WorkFactor) * int64(s.BlockSize) * 128 * 4 * int64(10*s.Parallelism+1)}
		},
	}
	seen := map[string]bool{}
	for _, version := range []string{"1.8", "1.11", "2.2", "3.2", "4.2", "5.2", "6.1"} {
		for _, h := range forDjango(t, version) {
			make, ok := over[h.Algorithm()]
			if !ok {
				continue // takes no time
			}
			seen[h.Algorithm()] = true
			encoded, limits := make(h)
			if ok, err := h.Verify("", encoded, hashers.Limits{}); ok || !errors.Is(err, hashers.ErrTooCostly) || !strings.Contains(err.Error(), "Limits.") {
				t.Errorf("Django %s, %s: got %v, %v, want ErrTooCostly and the cure", version, encoded, ok, err)
			}
			p, err := hashers.New([]hashers.Hasher{hashers.Digest{}, h}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if ok, _, err := p.Check(t.Context(), "", encoded); ok || !errors.Is(err, hashers.ErrTooCostly) {
				t.Errorf("Django %s, Check of %s: got %v, %v", version, encoded, ok, err)
			}
			if version != "1.8" || h.Algorithm() != "pbkdf2_sha256" {
				continue // would take seconds
			}
			p, err = hashers.New([]hashers.Hasher{hashers.Digest{}, h}, &hashers.Options{Limits: limits})
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := p.Check(t.Context(), "", encoded); err != nil {
				t.Errorf("with %+v: got %v", limits, err)
			}
		}
	}
	if len(seen) != len(over) {
		t.Errorf("saw %v of %d algorithms", seen, len(over))
	}
}

// slow is a hasher that waits where it is to check a certain hash.
type slow struct {
	hashers.Hasher
	dear       string
	begun, end chan struct{}
	at, most   *atomic.Int32
}

func (s slow) Verify(password, encoded string, limits hashers.Limits) (bool, error) {
	ok, err := s.Hasher.Verify(password, encoded, limits)
	if err != nil || encoded != s.dear {
		return ok, err
	}
	s.most.Store(max(s.most.Load(), s.at.Add(1)))
	defer s.at.Add(-1)
	s.begun <- struct{}{}
	<-s.end
	return ok, err
}

// Any number of hashes that take long leaves room for the others, and only one of them is
// computed at once.
func TestSlowHashesStopNobody(t *testing.T) {
	first := hashers.PBKDF2{Iterations: 20_000}
	for _, test := range []struct {
		name string
		dear hashers.Hasher
		list []hashers.Hasher
	}{
		{"more iterations", hashers.PBKDF2{Iterations: 40_001}, nil},
		{"of another algorithm", hashers.Scrypt{Parallelism: 3}, []hashers.Hasher{hashers.Digest{}, first}},
		{"argon2", hashers.Argon2{MemoryCost: 512, TimeCost: 9, Parallelism: 2}, []hashers.Hasher{first}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dear := encode(t, test.dear, "secret")
			var at, most atomic.Int32
			s := slow{first, dear, make(chan struct{}, 8), make(chan struct{}), &at, &most}
			list := test.list
			switch test.dear.(type) {
			case hashers.Scrypt:
				s.Hasher = hashers.Scrypt{Parallelism: 1}
			case hashers.Argon2:
				s.Hasher = hashers.Argon2{MemoryCost: 512, Parallelism: 2}
			}
			p, err := hashers.New(append(list, s), &hashers.Options{Parallel: 2})
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error)
			for range 4 {
				go func() {
					ok, _, err := p.Check(context.Background(), "secret", dear)
					if err == nil && !ok {
						err = errors.New("the password does not fit")
					}
					done <- err
				}()
			}
			<-s.begun
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			own := encode(t, s.Hasher, "secret")
			for range 2 {
				if _, err := p.Make(ctx, "secret"); err != nil {
					t.Errorf("Make: %v", err)
				}
				if ok, _, err := p.Check(ctx, "secret", own); !ok || err != nil {
					t.Errorf("Check: got %v, %v", ok, err)
				}
			}
			close(s.end)
			for range 4 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			if n := most.Load(); n != 1 {
				t.Errorf("%d were computed at once, want 1", n)
			}
		})
	}
}

// hangup is a hasher whose Verify ends the context.
type hangup struct {
	recorder
	cancel func()
	err    error
}

func (h hangup) Verify(password, encoded string, limits hashers.Limits) (bool, error) {
	h.cancel()
	if h.err != nil {
		return false, h.err
	}
	return h.recorder.Verify(password, encoded, limits)
}

// Between two hashes Check asks the context.
func TestContextBetweenHashes(t *testing.T) {
	first := hashers.PBKDF2{Iterations: 5}
	fewer := encode(t, hashers.PBKDF2{Iterations: 4}, "secret")
	for name, fault := range map[string]error{"wrong": nil, "malformed": hashers.ErrMalformed, "too costly": hashers.ErrTooCostly} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var calls []string
			p, err := hashers.New([]hashers.Hasher{hangup{recorder{first, &calls}, cancel, fault}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			ok, _, err := p.Check(ctx, "Secret", fewer)
			if ok || !errors.Is(err, context.Canceled) || len(calls) > 0 {
				t.Errorf("got %v, %v, and the calls %v", ok, err, calls)
			}
		})
	}
}

// A hasher's own parameters always pass the default limits.
func TestLimitsOfOwn(t *testing.T) {
	for _, h := range []hashers.Hasher{hashers.PBKDF2{Iterations: 20_000_000}, hashers.BCrypt{Rounds: 17}, hashers.Argon2{TimeCost: 100}, hashers.Argon2{MemoryCost: 8, Parallelism: 1},
		hashers.Scrypt{Parallelism: 100}} {
		if _, err := hashers.New([]hashers.Hasher{h}, nil); err != nil {
			t.Errorf("%#v: got %v", h, err)
		}
	}
	_, err := hashers.New([]hashers.Hasher{hashers.Argon2{MemoryCost: 1 << 20}}, nil)
	if !errors.Is(err, djsession.ErrConfig) || !errors.Is(err, hashers.ErrTooCostly) {
		t.Errorf("a GiB: got %v", err)
	}
}
