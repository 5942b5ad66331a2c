package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/go-djsession/go-djsession/internal/errtext"
)

// The texts of drivers quote keys, names and passwords, so none is printed. What
// they mean is told apart here.

// kind is what is wrong with a server, as far as it can be told.
type kind uint8

const (
	unknown  kind = iota
	refused       // nobody listens
	noHost        // the name of the host is not known
	slow          // no answer in time
	password      // or user
	denied        // the user may not do this
	missing       // no database of this name or number
	noTable
	noFile
	damaged // no SQLite database
	locked
)

// words are what a kind is called in a sentence that begins with the name of a store.
func (k kind) words() string {
	return map[kind]string{
		unknown: "cannot be used", refused: "cannot be reached, because nobody listens at its address",
		noHost: "cannot be reached, because the name of its host is not known here", slow: "does not answer in time",
		password: "refuses this user or password", denied: "does not let this user do that", missing: "is not on that server",
		noTable: "has no such table", noFile: "is a file or socket that is not there", damaged: "is damaged, or no SQLite database",
		locked: "is locked by another program",
	}[k]
}

// kindOf tells what an error of a driver means.
func kindOf(err error) kind {
	if pg, ok := as[*pgconn.PgError](err); ok {
		switch pg.Code {
		case "28P01", "28000":
			return password
		case "3D000":
			return missing
		case "42P01":
			return noTable
		case "42501":
			return denied
		}
	}
	if my, ok := as[*mysql.MySQLError](err); ok {
		switch my.Number {
		case 1045, 1698, 1251:
			return password
		case 1049:
			return missing
		case 1146:
			return noTable
		case 1044, 1142:
			return denied
		}
	}
	if _, ok := as[*net.DNSError](err); ok {
		return noHost
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return refused
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return slow
	case errors.Is(err, fs.ErrPermission):
		return denied
	case errors.Is(err, syscall.ENOENT):
		return noFile
	}
	for _, told := range []struct {
		words string
		kind  kind
	}{
		{"WRONGPASS", password}, {"NOAUTH", password}, {"invalid username-password", password}, {"without any password configured", password},
		{"NOPERM", denied}, {"DB index is out of range", missing},
		{"no such table", noTable}, {"database is locked", locked}, {"malformed", damaged}, {"not a database", damaged}, {"readonly database", denied},
	} {
		if errtext.Says(err, told.words) {
			return told.kind
		}
	}
	return unknown
}

// own is the text of an error of ours, without the names of packages before it.
// Such errors hide what drivers say.
func own(err error) string {
	text := err.Error()
	for _, prefix := range []string{"djsettings: ", "djsite: ", "djsession: ", "djauth: ", "dbusers: "} {
		text = strings.ReplaceAll(text, prefix, "")
	}
	return strings.TrimRight(strings.ReplaceAll(text, ". ", "; "), ".")
}
