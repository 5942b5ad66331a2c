package doctor

import (
	"strings"

	"github.com/go-djsession/go-djsession/internal/fault"
)

// words describes a kind, in a sentence that begins with the name of a store.
func words(k fault.Kind) string {
	switch k {
	case fault.Refused:
		return "cannot be reached, because nobody listens at its address"
	case fault.NoHost:
		return "cannot be reached, because the name of its host is not known here"
	case fault.Slow:
		return "does not answer in time"
	case fault.Password:
		return "refuses this user or password"
	case fault.Denied, fault.FileDenied, fault.FileReadOnly:
		return "does not let this user do that"
	case fault.NoDatabase, fault.NoNumber:
		return "is not on that server"
	case fault.NoTable:
		return "has no such table"
	case fault.NoFile:
		return "is a file or socket that is not there"
	case fault.Damaged:
		return "is damaged, or no SQLite database"
	case fault.Locked:
		return "is locked by another program"
	}
	return "cannot be used"
}

// own returns the text of one of our errors without package names. Our errors hide the
// drivers' texts.
func own(err error) string {
	text := err.Error()
	for _, prefix := range []string{"djsettings: ", "djsite: ", "djsession: ", "djauth: ", "dbusers: "} {
		text = strings.ReplaceAll(text, prefix, "")
	}
	return strings.TrimRight(strings.ReplaceAll(text, ". ", "; "), ".")
}
