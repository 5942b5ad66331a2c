package djsite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	"modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/errtext"
)

// openSQLite opens the file of NAME. Unlike Django and the driver, it does not make the
// file: a new database would be empty and in the wrong place.
func (db entry) openSQLite(ctx context.Context) (*DB, error) {
	path := db.Path()
	if path == "" {
		return nil, fmt.Errorf("%w: DATABASES[%q] is an SQLite database in memory", ErrNotShared, db.Alias)
	}
	if err := db.isSQLite(path); err != nil {
		return nil, err
	}
	seconds := 5.0 // the default of sqlite3.connect, which Django keeps
	if text := db.Options.Text("timeout"); text != "" {
		if f, err := strconv.ParseFloat(text, 64); err == nil && f >= 0 && f < 3600 {
			seconds = f
		}
	}
	uri := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(),
		RawQuery: fmt.Sprintf("mode=rw&_pragma=busy_timeout(%d)", int(seconds*1000))}
	connector, err := sqlite.NewConnector(uri.String())
	if err != nil {
		return nil, db.unavailable(err)
	}
	// These are the statements of get_new_connection.
	var statements []string
	if !db.set.Django.Before(2, 0) || db.set.Django == (djsession.DjangoVersion{}) {
		statements = append(statements, "PRAGMA foreign_keys = ON")
	}
	statements = append(statements, splitStatements(db.Options.Text("init_command"))...)
	handle := sql.OpenDB(&started{connector, statements})
	if err := handle.PingContext(ctx); err != nil {
		handle.Close()
		return nil, db.unavailable(err)
	}
	return &DB{Settings: db.Database, SQL: handle}, nil
}

// isSQLite checks the file before the driver does: the driver's error says little about a
// file that is no database.
func (db entry) isSQLite(path string) error {
	f, err := os.Open(path)
	if err != nil {
		text := fmt.Sprintf("the file of DATABASES[%q] cannot be opened", db.Alias)
		if errors.Is(err, fs.ErrNotExist) {
			text = fmt.Sprintf("there is no file as NAME of DATABASES[%q] says", db.Alias)
		}
		return errtext.Hide(ErrUnavailable, text, err)
	}
	defer f.Close()
	const magic = "SQLite format 3\x00" // an empty file is an empty database
	head := make([]byte, len(magic))
	n, err := io.ReadFull(f, head)
	if n > 0 && string(head[:n]) != magic || n == 0 && err != io.EOF {
		return fmt.Errorf("%w: the file of DATABASES[%q] is not an SQLite database", djsettings.ErrSetting, db.Alias)
	}
	return nil
}
