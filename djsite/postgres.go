package djsite

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/errtext"
	"github.com/go-djsession/go-djsession/internal/pgpool"
)

func (db entry) openPostgreSQL(ctx context.Context, conns int) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(db.ConnString().Reveal())
	if err != nil && !db.DSN.IsZero() {
		return nil, badDSN("the DSN of PostgreSQL is not understood", "", err)
	}
	if err != nil {
		return nil, errtext.Hide(djsettings.ErrSetting, fmt.Sprintf("DATABASES[%q] cannot be understood: see its OPTIONS, and the files that they name", db.Alias), err)
	}
	if err := db.postgresTLS(cfg.ConnConfig); err != nil {
		return nil, err
	}
	if err := db.hostAddress(cfg.ConnConfig); err != nil {
		return nil, err
	}
	own := db.DSN.Reveal()
	if most := int32(min(conns, 1<<20)); strings.Contains(own, "pool_max_conns") {
		cfg.MaxConns = max(cfg.MaxConns, most)
	} else {
		cfg.MaxConns = most
	}
	// A pooler keeps these two parameters for each of its clients.
	cfg.ConnConfig.RuntimeParams["client_encoding"] = "UTF8"
	if zone := db.connectionZone(); zone != "" && cfg.ConnConfig.RuntimeParams["timezone"] == "" {
		cfg.ConnConfig.RuntimeParams["timezone"] = zone
	}
	if len(db.SearchPath) > 0 {
		var quoted []string
		for _, name := range db.SearchPath {
			quoted = append(quoted, pgx.Identifier{name}.Sanitize())
		}
		cfg.ConnConfig.RuntimeParams["search_path"] = strings.Join(quoted, ",")
	}
	role := db.Options.Text("assume_role")
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if err := setPostgreSQL(ctx, conn); err != nil || role == "" {
			return err
		}
		// A statement, as in Django: a pooler rejects the parameter.
		return command(ctx, conn.PgConn(), "SET ROLE "+pgx.Identifier{role}.Sanitize())
	}
	if !strings.Contains(own, "default_query_exec_mode") {
		pgpool.Adapt(cfg, db.DisableServerSideCursors)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, db.unavailable(err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, db.unavailable(err)
	}
	return &DB{Settings: db.Database, SQL: stdlib.OpenDBFromPool(pool), Pool: pool}, nil
}

// postgresTLS applies the TLS options of libpq that pgx does not read, or rejects them.
func (db entry) postgresTLS(cfg *pgx.ConnConfig) error {
	refuse := func(name string) error {
		return fmt.Errorf("%w: DATABASES[%q] has the option %s, which pgx cannot heed", djsettings.ErrUnsupported, db.Alias, name)
	}
	for _, name := range []string{"sslcrl", "sslcrldir", "requirepeer"} {
		if db.Options.Text(name) != "" {
			return refuse(name)
		}
	}
	if db.Options.Text("gssencmode") == "require" {
		return refuse("gssencmode=require")
	}
	least, most := strings.ToLower(db.Options.Text("ssl_min_protocol_version")), strings.ToLower(db.Options.Text("ssl_max_protocol_version"))
	if most == "tlsv1" || most == "tlsv1.1" {
		return refuse("ssl_max_protocol_version=" + most)
	}
	configs := []*tls.Config{cfg.TLSConfig}
	for _, f := range cfg.Fallbacks {
		configs = append(configs, f.TLSConfig)
	}
	for _, c := range configs {
		if c != nil && least == "tlsv1.3" {
			c.MinVersion = tls.VersionTLS13
		}
		if c != nil && most == "tlsv1.2" {
			c.MaxVersion = tls.VersionTLS12
		}
	}
	return nil
}

// hostAddress makes cfg connect to the addresses of the option hostaddr: HOST then is only
// the name in the server's certificate. pgx has no such parameter.
func (db entry) hostAddress(cfg *pgx.ConnConfig) error {
	address := db.Options.Text("hostaddr")
	if address == "" || !db.DSN.IsZero() {
		return nil
	}
	if strings.Contains(address, ",") || len(cfg.Fallbacks) > 0 && strings.Contains(db.Host, ",") {
		return fmt.Errorf("%w: DATABASES[%q] has several hosts with a hostaddr", djsettings.ErrUnsupported, db.Alias)
	}
	cfg.LookupFunc = func(context.Context, string) ([]string, error) { return []string{address}, nil }
	return nil
}

// connectionZone is BaseDatabaseWrapper.timezone_name; "" keeps the server's zone.
func (db entry) connectionZone() string {
	if !db.set.UseTZ {
		return db.set.TimeZone
	}
	return cmp.Or(db.TimeZone, "UTC")
}
