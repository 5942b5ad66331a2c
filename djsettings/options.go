package djsettings

import "slices"

// What of OPTIONS means the same to libpq and to pgx.
var pgOptions = []string{"service", "servicefile", "passfile", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslpassword", "sslsni", "sslnegotiation", "connect_timeout",
	"target_session_attrs", "options", "application_name", "krbsrvname", "krbspn", "require_auth", "channel_binding"}

// pgFiles are those of them that are paths.
var pgFiles = []string{"servicefile", "passfile", "sslcert", "sslkey", "sslrootcert"}

// What of OPTIONS is only about Python's side of a connection, or about how long
// one is kept.
var pgIgnored = []string{"isolation_level", "server_side_binding", "pool", "cursor_factory", "connection_factory", "client_encoding", "async", "async_",
	"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "prepare_threshold", "context", "row_factory", "autocommit", "gssencmode"}

// What of OPTIONS is understood; the others are only about Python's side, or about
// statements that are not made here.
var (
	mysqlOptions = []string{"read_default_file", "read_default_group", "unix_socket", "charset", "ssl", "ssl_mode", "ssl_ca", "ssl_cert", "ssl_key",
		"ssl_key_password", "ssl_disabled", "ssl_verify_cert", "ssl_verify_identity", "connect_timeout",
		"user", "passwd", "password", "db", "database", "host", "port", "init_command", "isolation_level"}
	mysqlIgnored = []string{"sql_mode", "use_unicode", "conv", "use_pure", "autocommit", "local_infile", "read_timeout", "write_timeout", "raise_on_warnings"}
)

// checkOptions warns about OPTIONS that are not honoured.
func (r *reader) checkOptions(db *Database) {
	known := []string(nil)
	switch db.Kind {
	case PostgreSQL:
		known = slices.Concat(pgOptions, pgIgnored, []string{"assume_role", "ssl_min_protocol_version"})
	case MySQL:
		known = slices.Concat(mysqlOptions, mysqlIgnored)
	case SQLite:
		known = []string{"timeout", "uri", "init_command", "transaction_mode", "isolation_level", "check_same_thread", "detect_types", "cached_statements", "factory"}
	default:
		return
	}
	for _, name := range db.Options.unknown(known...) {
		r.warn("DATABASES", "The option %s of database %q is not used.", name, db.Alias)
	}
	if db.Kind == MySQL {
		for _, name := range db.Options.Dict("ssl").unknown("ca", "capath", "cert", "key", "password", "check_hostname", "verify_mode") {
			r.warn("DATABASES", "%s in the option ssl of database %q is not used.", name, db.Alias)
		}
	}
}
