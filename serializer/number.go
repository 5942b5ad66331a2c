package serializer

import (
	"math/big"
	"strconv"
)

// numberValue returns the value of a checked number: an int, unless the text has a point,
// an exponent or a word.
func numberValue(s string) any {
	if !isWhole(s) {
		return floatValue(s)
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	n, _ := new(big.Int).SetString(s, 10)
	return n
}

func isWhole(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != '-' && !isDigit(c) {
			return false
		}
	}
	return true
}

// shortNumber decodes the number at i if it has at most 18 digits and no exponent. For
// anything else it returns 0.
func (p *decoder) shortNumber(i int) (v any, end int) {
	const most = 18
	s := p.s
	negative := i < len(s) && s[i] == '-'
	if negative {
		i++
	}
	first, n := i, int64(0)
	for ; i < len(s) && isDigit(s[i]) && i-first <= most; i++ {
		n = n*10 + int64(s[i]-'0')
	}
	whole, fraction := i-first, 0
	if whole == 0 || whole > most || whole > 1 && s[first] == '0' {
		return nil, 0
	}
	if i < len(s) && s[i] == '.' {
		for i++; i < len(s) && isDigit(s[i]) && i-first <= most+1; i++ {
			n = n*10 + int64(s[i]-'0')
		}
		if fraction = i - first - whole - 1; fraction == 0 {
			return nil, 0
		}
	}
	if i < len(s) && (s[i]|0x20 == 'e' || isDigit(s[i])) {
		return nil, 0
	}
	if fraction > 0 {
		// A float holds both numbers exactly, so that the quotient is the nearest float.
		if whole+fraction > most || n >= 1<<53 {
			return nil, 0
		}
		f := float64(n) / tens[fraction]
		if negative {
			f = -f
		}
		return p.floats.Box(f, typeOfFloat), i
	}
	if whole > p.lim.Digits {
		return nil, 0
	}
	if negative {
		n = -n
	}
	if uint64(n) < 256 { // Go has these ready
		return n, i
	}
	return p.ints.Box(n, typeOfInt), i
}

// tens are the powers of ten.
var tens = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// floatValue returns the value of a checked number as a float. A number that is too large
// is an infinity, as in Python.
func floatValue(s string) float64 {
	f, _ := strconv.ParseFloat(s, 64)
	return f
}
