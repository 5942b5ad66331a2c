package djsettings

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/go-djsession/go-djsession/internal/pgpool"
)

// What of OPTIONS means the same to libpq and to pgx.
var pgOptions = []string{"service", "servicefile", "passfile", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslpassword", "sslsni", "sslnegotiation", "connect_timeout",
	"target_session_attrs", "options", "application_name", "krbsrvname", "krbspn", "require_auth", "channel_binding"}

// pgFiles are those of them that are paths.
var pgFiles = []string{"servicefile", "passfile", "sslcert", "sslkey", "sslrootcert"}

// What of OPTIONS is only about Python's side of a connection, or about how long
// one is kept.
var pgIgnored = []string{"isolation_level", "server_side_binding", "pool", "cursor_factory", "connection_factory", "client_encoding", "async", "async_",
	"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "prepare_threshold", "context", "row_factory", "autocommit", "gssencmode"}

// postgresDSN is what DatabaseWrapper.get_connection_params hands to libpq, in its
// own form. Empty settings are left to libpq's defaults: a socket, PGHOST and its
// like, a service.
func (db *Database) postgresDSN() string {
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
	add("host", db.Host)
	add("port", db.Port)
	add("user", db.User)
	add("password", db.Password.Reveal())
	name := db.Name
	if name == "" && !db.Options.Has("service") {
		name = "postgres"
	}
	add("dbname", name)
	return strings.TrimSpace(b.String())
}

func (db *Database) openPostgreSQL(ctx context.Context, set *Settings, conns int) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(db.postgresDSN())
	if err != nil {
		return nil, hide(ErrSetting, fmt.Sprintf("DATABASES[%q] cannot be understood: see its OPTIONS, and the files that they name", db.Alias), err)
	}
	if err := db.postgresTLS(cfg.ConnConfig); err != nil {
		return nil, err
	}
	cfg.MaxConns = int32(min(conns, 1<<20))
	// These two a pooler keeps for each of its clients.
	cfg.ConnConfig.RuntimeParams["client_encoding"] = "UTF8"
	if zone := db.connectionZone(set); zone != "" {
		cfg.ConnConfig.RuntimeParams["timezone"] = zone
	}
	if role := db.Options.Text("assume_role"); role != "" {
		// A statement as Django's, for a pooler refuses it as a parameter.
		cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "SET ROLE "+pgx.Identifier{role}.Sanitize())
			return err
		}
	}
	pgpool.Adapt(cfg, db.serverPool)
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, db.unavailable(err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, db.unavailable(err)
	}
	return &DB{Settings: db, SQL: stdlib.OpenDBFromPool(pool), Pool: pool}, nil
}

// postgresTLS heeds, or refuses, what libpq is told of TLS beside what pgx reads.
func (db *Database) postgresTLS(cfg *pgx.ConnConfig) error {
	refuse := func(name string) error {
		return fmt.Errorf("%w: DATABASES[%q] has the option %s, which pgx cannot heed", ErrUnsupported, db.Alias, name)
	}
	for _, name := range []string{"sslcrl", "sslcrldir", "requirepeer"} {
		if db.Options.Text(name) != "" {
			return refuse(name)
		}
	}
	if db.Options.Text("gssencmode") == "require" {
		return refuse("gssencmode=require")
	}
	if strings.EqualFold(db.Options.Text("ssl_min_protocol_version"), "TLSv1.3") {
		configs := []*tls.Config{cfg.TLSConfig}
		for _, f := range cfg.Fallbacks {
			configs = append(configs, f.TLSConfig)
		}
		for _, c := range configs {
			if c != nil {
				c.MinVersion = tls.VersionTLS13
			}
		}
	}
	return nil
}

// connectionZone is BaseDatabaseWrapper.timezone_name; "" leaves the server's.
func (db *Database) connectionZone(set *Settings) string {
	if !set.UseTZ {
		return set.TimeZone
	}
	return cmp.Or(db.TimeZone, "UTC")
}

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
		for _, name := range db.Options.dictAt("ssl").unknown("ca", "capath", "cert", "key", "password", "check_hostname", "verify_mode") {
			r.warn("DATABASES", "%s in the option ssl of database %q is not used.", name, db.Alias)
		}
	}
}
