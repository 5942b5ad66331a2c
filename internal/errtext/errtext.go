// Package errtext reads the texts of errors that have no type of their own, such as those
// of database drivers, and hides such texts.
package errtext

import (
	"slices"
	"strings"
)

// Says reports whether the text of err, or of an error that it wraps, contains words. The
// text of a wrapped error may be missing from that of err.
func Says(err error, words string) bool {
	if strings.Contains(err.Error(), words) {
		return true
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return e.Unwrap() != nil && Says(e.Unwrap(), words)
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), func(err error) bool { return err != nil && Says(err, words) })
	}
	return false
}
