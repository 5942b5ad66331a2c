package hashers

import (
	"cmp"
	"fmt"
	"math"
)

// Limits bound what it may cost to check a hash, whose parameters come from the
// database. A zero field is its default. With the defaults a hash takes some
// seconds at most; all parameters that Django ever had as its own are a small
// part of that.
type Limits struct {
	// Iterations is the most for PBKDF2. 0 is 10 million.
	Iterations int
	// Rounds is the most for bcrypt, a power of two. 0 is 16.
	Rounds int
	// Memory is the most for Argon2 and scrypt, in bytes. 0 is 512 MiB.
	Memory int64
	// Work is the most that Argon2 and scrypt may write into memory in all, in
	// bytes: the memory times the passes over it. 0 is 4 GiB.
	Work int64
}

func (l Limits) orDefault() Limits {
	return Limits{
		Iterations: cmp.Or(l.Iterations, 10_000_000),
		Rounds:     cmp.Or(l.Rounds, 16),
		Memory:     cmp.Or(l.Memory, 512<<20),
		Work:       cmp.Or(l.Work, 4<<30),
	}
}

// unlimited is for what the program itself says.
var unlimited = Limits{math.MaxInt, math.MaxInt, math.MaxInt64, math.MaxInt64}

func (l Limits) iterations(n int) error {
	if n > l.orDefault().Iterations {
		return fmt.Errorf("%w: iterations of PBKDF2", ErrTooCostly)
	}
	return nil
}

func (l Limits) rounds(n int) error {
	if n > l.orDefault().Rounds {
		return fmt.Errorf("%w: rounds of bcrypt", ErrTooCostly)
	}
	return nil
}

// memory bounds the unit of memory in bytes, how many of them are taken, and how
// many times they are written. No factor is beyond math.MaxInt32.
func (l Limits) memory(unit, units, passes int64) error {
	l = l.orDefault()
	if units > l.Memory/unit {
		return fmt.Errorf("%w: memory", ErrTooCostly)
	}
	if passes > l.Work/(unit*units) {
		return fmt.Errorf("%w: passes over the memory", ErrTooCostly)
	}
	return nil
}

// count reads a positive number as Django writes it. What is beyond an int32 is
// its greatest, which is beyond what can be computed.
func count(text string) (int, bool) {
	if text == "" || text[0] == '0' {
		return 0, false
	}
	n := 0
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int(c-'0'), math.MaxInt32)
	}
	return n, true
}
