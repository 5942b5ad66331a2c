package hashers

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Limits bound the cost of checking a hash, whose parameters come from the database. A
// zero field is its default. With the defaults a hash takes some ten seconds at most, and
// half a minute on a machine of 32 bits. The parameters of every Django are far below
// that.
type Limits struct {
	// Iterations is the most for [PBKDF2]. 0 is 10 million.
	Iterations int
	// Rounds is the most for bcrypt, a power of two. 0 is 16.
	Rounds int
	// Memory is the most for [Argon2] and scrypt, in bytes. 0 is 512 MiB, and 128 MiB
	// on a machine of 32 bits.
	Memory int64
	// Work is the most that [Argon2] and scrypt may do in all, in bytes: the memory times
	// the passes over it. A pass of scrypt counts as four, because it takes as long. 0 is
	// 4 GiB, and 1 GiB on a machine of 32 bits.
	Work int64
}

func (l Limits) orDefault() Limits {
	memory, work := int64(512<<20), int64(4<<30)
	if math.MaxInt == math.MaxInt32 {
		// Several hashes at once must fit the address space.
		memory, work = memory/4, work/4
	}
	return Limits{
		Iterations: cmp.Or(l.Iterations, 10_000_000),
		Rounds:     cmp.Or(l.Rounds, 16),
		Memory:     cmp.Or(l.Memory, memory),
		Work:       cmp.Or(l.Work, work),
	}
}

// unlimited is for parameters of the program itself.
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

// memory bounds the unit of memory in bytes, the number of units, and the number of times
// that they are written. No factor is beyond math.MaxInt32.
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
