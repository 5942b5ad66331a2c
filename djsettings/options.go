package djsettings

import "slices"

// pgOptions are the OPTIONS that mean the same to libpq and to pgx.
var pgOptions = []string{"service", "servicefile", "passfile", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslpassword", "sslsni", "sslnegotiation", "connect_timeout",
	"target_session_attrs", "options", "application_name", "krbsrvname", "krbspn", "require_auth", "channel_binding"}

// pgFiles are the pgOptions that are paths.
var pgFiles = []string{"servicefile", "passfile", "sslcert", "sslkey", "sslrootcert"}

// pgIgnored are OPTIONS that matter only to Python's side of a connection, or to how long
// Python keeps one.
var pgIgnored = []string{"isolation_level", "server_side_binding", "pool", "cursor_factory", "connection_factory", "client_encoding", "async", "async_",
	"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "prepare_threshold", "context", "row_factory", "autocommit", "gssencmode"}

// mysqlOptions are the OPTIONS that djsite reads. mysqlIgnored matter only to Python's
// side, or to statements that Go does not run.
var (
	mysqlOptions = []string{"read_default_file", "read_default_group", "unix_socket", "charset", "ssl", "ssl_mode", "ssl_ca", "ssl_cert", "ssl_key",
		"ssl_key_password", "ssl_disabled", "ssl_verify_cert", "ssl_verify_identity", "connect_timeout",
		"user", "passwd", "password", "db", "database", "host", "port", "init_command", "isolation_level"}
	mysqlIgnored = []string{"sql_mode", "use_unicode", "conv", "use_pure", "autocommit", "local_infile", "read_timeout", "write_timeout", "raise_on_warnings"}
)

// checkOptions warns about OPTIONS that have no effect here.
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
