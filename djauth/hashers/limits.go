package hashers

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Limits bound the time and the memory of checking a hash, whose parameters come from the
// database. Where a field is zero, a hash may take ten times as long as one with the
// hasher's own parameters, which [ForDjango] takes from the site's Django. Parameters below
// those of every Django count as the least of any Django.
//
// A site whose hashes take longer was given other parameters by a class of its own. Give New
// the same parameters, or set the field.
type Limits struct {
	// Iterations is the most for [PBKDF2]. 0 is ten times the hasher's own.
	Iterations int
	// Rounds is the most for bcrypt, a power of two. 0 is three more than the hasher's
	// own, which is eight times the work.
	Rounds int
	// Memory is the most for [Argon2] and scrypt, in bytes. 0 is 512 MiB, and 128 MiB
	// on a machine of 32 bits.
	Memory int64
	// Work is the most that [Argon2] and scrypt may do in all, in bytes: the memory times
	// the passes over it. A pass of scrypt counts as four, because it takes as long. 0 is
	// ten times the time of the hasher's own; fewer lanes of Argon2 take longer.
	Work int64

	// ordinary bounds a hash to twice the time of the hasher's own too.
	ordinary bool
}

const (
	maxTimes      = 10 // by default
	ordinaryTimes = 2
)

func (l Limits) maxMemory() int64 {
	if l.Memory == 0 && math.MaxInt == math.MaxInt32 {
		// Several hashes at once must fit the address space.
		return 128 << 20
	}
	return cmp.Or(l.Memory, 512<<20)
}

// unlimited is for parameters of the program itself.
var unlimited = Limits{Iterations: math.MaxInt, Rounds: math.MaxInt, Memory: math.MaxInt64, Work: math.MaxInt64}

// tooLong reports whether a hash takes too long. cost and own are the times of the hash and
// of the hasher's own, in one unit. set reports whether a field of l bounds the hash.
func (l Limits) tooLong(set bool, cost, own float64) bool {
	return !set && cost > maxTimes*own || l.ordinary && cost > ordinaryTimes*own
}

func (l Limits) iterations(n, own int) error {
	set := l.Iterations != 0
	if set && n > l.Iterations || l.tooLong(set, float64(n), float64(max(own, minIterations))) {
		return fmt.Errorf("%w: iterations of PBKDF2, see Limits.Iterations", ErrTooCostly)
	}
	return nil
}

func (l Limits) rounds(n, own int) error {
	set := l.Rounds != 0
	if set && n > l.Rounds || l.tooLong(set, math.Exp2(float64(n)), math.Exp2(float64(max(own, minRounds)))) {
		return fmt.Errorf("%w: rounds of bcrypt, see Limits.Rounds", ErrTooCostly)
	}
	return nil
}

// memory bounds the unit of memory in bytes, the number of units, and the number of times
// that they are written. No factor is beyond math.MaxInt32. time and own are as in tooLong.
func (l Limits) memory(unit, units, passes int64, time, own float64) error {
	if units > l.maxMemory()/unit {
		return fmt.Errorf("%w: memory, see Limits.Memory", ErrTooCostly)
	}
	set := l.Work != 0
	if set && passes > l.Work/(unit*units) || l.tooLong(set, time, own) {
		return fmt.Errorf("%w: passes over the memory, see Limits.Work", ErrTooCostly)
	}
	return nil
}

// count reads a positive number as Django writes it, without a sign, spaces or leading
// zeros.
//
// A number that does not fit into an int32 is ErrTooCostly: nothing here may cost that
// much, whatever the Limits. So no caller converts a number that does not fit, even on a
// machine of 32 bits.
func count(text string) (int, error) {
	if text == "" || text[0] == '0' || strings.Trim(text, "0123456789") != "" {
		return 0, ErrMalformed
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, ErrTooCostly
	}
	return int(n), nil
}
