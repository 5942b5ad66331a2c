// Package errtext looks into the texts of errors that no type tells apart, such as those
// of database drivers, and hides such texts.
package errtext

import (
	"slices"
	"strings"
)

// Says looks for words in the text of err and of all that it wraps, some of which
// is not part of its own text.
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
