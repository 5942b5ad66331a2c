package console

import (
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/fault"
)

// databaseWords are what is wrong with a database, and what to do about it.
var databaseWords = map[fault.Kind]struct{ text, hint string }{
	fault.Refused:      {"nobody listens at that address", "is the server running? see host and port of the DSN"},
	fault.NoHost:       {"the name of the host is not known", "see the host in the DSN"},
	fault.Slow:         {"it did not answer in time", "see host and port of the DSN"},
	fault.Password:     {"the server refuses this user or password", "see the DSN"},
	fault.Denied:       {"the user may not do this", "see the rights of the user in the DSN"},
	fault.NoDatabase:   {"the server has no database of this name", "see the DSN"},
	fault.NoNumber:     {"the server has no database of this number", "see the end of the DSN"},
	fault.NoTable:      {"the table of the sessions is not there", "is this the site's database, and was it migrated? another table is named by --table"},
	fault.TooMany:      {"the server has too many clients", ""},
	fault.Full:         {"the memory of the server is full", ""},
	fault.NoFile:       {"there is no such socket or file", "see the DSN"},
	fault.FileDenied:   {"a file may not be read or written", "does this user have the rights of the site's?"},
	fault.FileReadOnly: {"the file is read-only", "does this user have the right to write it, and the folder that it is in?"},
	fault.Locked:       {"another program keeps the file locked", "try again"},
	fault.Damaged:      {"the file is damaged, or no SQLite database", ""},
}

// DatabaseProblem says what is wrong with a database. It returns "" for an error that it
// does not know.
func DatabaseProblem(err error) (text, hint string) {
	w := databaseWords[fault.Of(err)]
	return w.text, w.hint
}

// ConnectProblem says why a connection failed.
func ConnectProblem(err error) error {
	text, hint := DatabaseProblem(err)
	if text == "" {
		text, hint = "the driver reports an error", "see the DSN: user, password, host, port, name"
	}
	return Because(err, "the database cannot be reached: "+text, hint)
}

// unavailable puts djsession.ErrUnavailable into words.
func unavailable(err error) (text, hint string) {
	if text, hint := DatabaseProblem(err); text != "" {
		return "the database could not be used: " + text, hint
	}
	// The stores' own words, which hold nothing of the driver's.
	text = strings.ReplaceAll(err.Error(), ": "+djsession.ErrUnavailable.Error(), "")
	return "the database could not be used: " + text, "is it the site's database, and the right --table?"
}
