package djsettings

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// DatabaseKind is a kind of database that this package knows.
type DatabaseKind string

// The kinds of databases.
const (
	SQLite     DatabaseKind = "SQLite"
	PostgreSQL DatabaseKind = "PostgreSQL"
	MySQL      DatabaseKind = "MySQL" // and MariaDB
)

// Database is an entry of DATABASES.
type Database struct {
	// Alias is the name of the entry in DATABASES.
	Alias string
	// Engine is ENGINE. Kind is the kind of database that it works with, "" if unknown.
	Engine string
	Kind   DatabaseKind
	// Name is NAME. For SQLite it is the path of the file; [Database.Path] makes it
	// absolute.
	Name     string
	User     string
	Password Secret
	// Host is HOST: a name, or the path of a socket for PostgreSQL and MySQL.
	Host string
	Port string
	// Options are OPTIONS.
	Options Params
	// DSN replaces all fields above except Kind, in the form of the driver. [FromDSN] sets
	// it for PostgreSQL and MySQL.
	DSN Secret
	// TimeZone is TIME_ZONE of this database: with USE_TZ=True SQLite and MySQL store times
	// in this zone. "" is UTC.
	TimeZone string
	// AtomicRequests is ATOMIC_REQUESTS.
	AtomicRequests bool
	// DisableServerSideCursors is DISABLE_SERVER_SIDE_CURSORS. Sites set it if they connect
	// through a pooler in transaction mode.
	DisableServerSideCursors bool
	// SearchPath are the schemas of a database with tenants, in order: [Options.Schema], the
	// public one, and PG_EXTRA_SEARCH_PATHS.
	SearchPath []string

	serverLevel bool // without isolation_level the server says it
	dir         string
	err         error // why the entry cannot be used
}

func (r *reader) databases(set *Settings) {
	set.Databases = map[string]*Database{}
	all, _ := r.dict("DATABASES")
	for _, it := range all {
		alias, ok := it.Key.(string)
		if !ok {
			continue
		}
		set.Databases[alias] = r.database(alias, it.Value)
	}
}

func (r *reader) database(alias string, v any) *Database {
	db := &Database{Alias: alias, dir: r.opts.Dir}
	e := r.entry("DATABASES", alias, v)
	db.Engine = e.text("ENGINE")
	db.Name, db.User, db.Password = e.text("NAME"), e.text("USER"), NewSecret(e.text("PASSWORD"))
	db.Host, db.Port, db.TimeZone = e.text("HOST"), e.text("PORT"), e.text("TIME_ZONE")
	db.AtomicRequests = e.truth("ATOMIC_REQUESTS")
	db.Options = e.params("OPTIONS")
	db.DisableServerSideCursors = e.truth("DISABLE_SERVER_SIDE_CURSORS")
	db.err = e.err
	r.others("DATABASES", alias, e)
	r.engine(db)
	return db
}

// Err returns why the entry cannot be used: a NAME that is no literal, for example. It is
// nil if the entry is good, else it matches [ErrSetting], or [ErrUnsupported] for an option
// or class that the site has and Go does not follow.
func (db *Database) Err() error { return db.err }

// ServerIsolation reports whether the site's ENGINE leaves the isolation of transactions to
// the server, unlike Django's own for MySQL.
func (db *Database) ServerIsolation() bool { return db.serverLevel }

// Path returns the absolute path of an SQLite database, from NAME, or "" for a database
// without a file.
func (db *Database) Path() string {
	name := cmp.Or(db.Options.Text("database"), db.Name)
	if db.Options.Text("uri") == "True" || strings.HasPrefix(name, "file:") {
		name = strings.TrimPrefix(name, "file:")
		if i := strings.IndexByte(name, '?'); i >= 0 {
			if strings.Contains(name[i:], "mode=memory") {
				return ""
			}
			name = name[:i]
		}
		if rest, ok := strings.CutPrefix(name, "//"); ok {
			name = rest[max(0, strings.IndexByte(rest, '/')):]
		}
	}
	if name == "" || name == ":memory:" {
		return ""
	}
	return absolute(db.dir, name)
}

// Zone returns the zone in which SQLite and MySQL store times with USE_TZ=True; nil is UTC.
//
// Errors: [ErrSetting].
func (db *Database) Zone() (*time.Location, error) {
	if db.TimeZone == "" {
		return nil, nil
	}
	return zone("DATABASES", db.TimeZone)
}

// ConnString returns what DatabaseWrapper.get_connection_params passes to libpq, as a
// connection string. pgx takes it too. For empty settings the defaults of libpq hold: a
// socket, PGHOST and other variables, a service. Call it for PostgreSQL only. It lacks
// options that pgx does not read: assume_role, hostaddr and ssl_max_protocol_version, for
// example.
func (db *Database) ConnString() Secret {
	if !db.DSN.IsZero() {
		return db.DSN
	}
	var b strings.Builder
	add := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s='%s' ", key, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value))
		}
	}
	for _, key := range pgOptions {
		value := db.Options.Text(key)
		if value != "" && slices.Contains(pgFiles, key) && value != "system" {
			value = absolute(db.dir, value)
		}
		add(key, value)
	}
	// Of the OPTIONS, the name of the database alone overrides the setting beside them.
	o := db.Options
	add("host", cmp.Or(db.Host, o.Text("host"), o.Text("hostaddr")))
	add("port", cmp.Or(db.Port, o.Text("port")))
	add("user", cmp.Or(db.User, o.Text("user")))
	add("password", cmp.Or(db.Password.Reveal(), o.Text("password")))
	name := cmp.Or(o.Text("dbname"), o.Text("database"), db.Name)
	if name == "" && !o.Has("service") {
		name = "postgres"
	}
	add("dbname", name)
	return NewSecret(strings.TrimSpace(b.String()))
}

// Format prints what String returns, whatever the verb.
func (db *Database) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, db.String()) }

// String returns where the database is, without password and options.
func (db *Database) String() string {
	if db == nil {
		return "no database"
	}
	s := string(db.Kind)
	if s == "" {
		s = db.Engine
	}
	if !db.DSN.IsZero() {
		return s + " of a DSN"
	}
	s += " " + showURL(db.Name)
	if db.Host != "" {
		s += " at " + showURL(db.Host)
	}
	if db.Port != "" {
		s += ":" + db.Port
	}
	return s
}

// LogValue returns what String returns, for package slog.
func (db *Database) LogValue() slog.Value { return slog.StringValue(db.String()) }

// MarshalText returns what String returns.
func (db *Database) MarshalText() ([]byte, error) { return []byte(db.String()), nil }

// absolute returns a path of the settings as seen from this process.
func absolute(dir, path string) string {
	if filepath.IsAbs(path) || dir == "" {
		return path
	}
	return filepath.Join(dir, path)
}

// zone is [time.LoadLocation] with an error of this package.
func zone(setting, name string) (*time.Location, error) {
	if name == "Local" {
		return nil, fmt.Errorf("%w: %s names no time zone", ErrSetting, setting)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%w: the time zone of %s is not known to this machine, or its package tzdata is missing", ErrSetting, setting)
	}
	return loc, nil
}
