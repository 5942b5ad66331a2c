// Package errtext reads the texts of errors that have no type of their own, such as those
// of database drivers, and hides such texts.
package errtext

import "strings"

// Says reports whether the text of err, or of an error that it wraps, contains words. The
// text of a wrapped error may be missing from that of err.
func Says(err error, words string) bool {
	return !Walk(err, func(text string) bool { return !strings.Contains(text, words) })
}

// Walk calls f with the text of err and of each error that it wraps, until f returns false.
// It reports whether f always returned true.
func Walk(err error, f func(text string) bool) bool {
	if !f(err.Error()) {
		return false
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return Walk(inner, f)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if inner != nil && !Walk(inner, f) {
				return false
			}
		}
	}
	return true
}
