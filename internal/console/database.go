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
	fault.NoRoute:      {"no network leads to the host", "see the host in the DSN"},
	fault.Starting:     {"the server starts up or shuts down", "try again"},
	fault.Pooler:       {"the connection pooler has no free connection to the server", "is the server running behind it?"},
	fault.Timeout:      {"the server's own time limit for a statement has passed", "see statement_timeout, or max_statement_time"},
	fault.LockTimeout:  {"another transaction keeps the row locked", "try again"},
	fault.DiskFull:     {"there is no room left on the server's disk or in the table", ""},
	fault.ReadOnly:     {"the server is read-only", "is it a replica? the DSN must name the primary"},
	fault.Lost:         {"the server closed the connection", "try again"},
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
	if code := fault.Code(err); code != "" && w.text != "" {
		w.text += " (" + code + ")"
	}
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
