package djsite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/errtext"
)

// openMySQL opens MySQL or MariaDB.
func (db entry) openMySQL(ctx context.Context, conns int) (*DB, error) {
	cfg, err := db.mysqlConfig()
	if err != nil {
		return nil, err
	}
	statements, err := db.mysqlStatements()
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, errtext.Hide(djsettings.ErrSetting, fmt.Sprintf("DATABASES[%q] cannot be used with the driver", db.Alias), err)
	}
	handle := sql.OpenDB(&started{connector, statements})
	handle.SetMaxOpenConns(conns)
	handle.SetMaxIdleConns(conns)
	handle.SetConnMaxLifetime(3 * time.Minute) // servers and proxies close idle connections
	if err := handle.PingContext(ctx); err != nil {
		handle.Close()
		return nil, db.unavailable(err)
	}
	return &DB{Settings: db.Database, SQL: handle}, nil
}

// mysqlConfig returns what DatabaseWrapper.get_connection_params passes to mysqlclient.
// Empty settings come from a my.cnf, as mysqlclient does it. The driver's options keep
// their defaults: the stores need none.
func (db entry) mysqlConfig() (*mysql.Config, error) {
	if !db.DSN.IsZero() {
		cfg, err := mysql.ParseDSN(db.DSN.Reveal())
		if err != nil {
			return nil, badDSN("the DSN is not in the form of go-sql-driver/mysql, or has a parameter that it does not know", "", err)
		}
		cfg.Logger = discard{}
		return cfg, nil
	}
	file, err := db.myCnf()
	if err != nil {
		return nil, err
	}
	o := db.Options
	// Django passes OPTIONS last, so they win.
	user := cmp.Or(o.Text("user"), db.User, file["user"])
	password := cmp.Or(o.Text("passwd"), o.Text("password"), db.Password.Reveal(), file["password"])
	name := cmp.Or(o.Text("db"), o.Text("database"), db.Name, file["database"])
	host := cmp.Or(o.Text("host"), db.Host, file["host"])
	port := cmp.Or(o.Text("port"), db.Port, file["port"])
	socket := o.Text("unix_socket")
	if strings.HasPrefix(host, "/") {
		host, socket = "", cmp.Or(socket, host)
	}
	if host == "" {
		socket = cmp.Or(socket, file["socket"])
	}
	if name == "" {
		return nil, fmt.Errorf("%w: DATABASES[%q] has no NAME", djsettings.ErrSetting, db.Alias)
	}
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.DBName = user, password, name
	cfg.InterpolateParams = true // one round trip a statement
	cfg.Timeout = 10 * time.Second
	cfg.Logger = discard{}
	// For mysqlclient "localhost" is the socket of this machine, even with a port. Unlike
	// mysqlclient, this code follows the port.
	if socket == "" && port == "" && (host == "" || host == "localhost") {
		socket = defaultSocket()
	}
	if socket != "" {
		cfg.Net, cfg.Addr = "unix", socket
	} else {
		cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(cmp.Or(host, "localhost"), cmp.Or(port, "3306"))
	}
	if err := db.mysqlTLS(cfg, file, cmp.Or(host, "localhost")); err != nil {
		return nil, err
	}
	return cfg, nil
}

// isolationLevels are the levels that Django's backend accepts.
var isolationLevels = []string{"read uncommitted", "read committed", "repeatable read", "serializable"}

// mysqlStatements returns the first statements of a connection: the client's init_command
// and character set, then what connect and init_connection_state of DatabaseWrapper set.
// They override the server's configuration and its init_connect.
//
// NAMES comes last: no other character set may be active, because the driver quotes values
// for this one.
func (db entry) mysqlStatements() ([]string, error) {
	all := splitStatements(db.Options.Text("init_command"))
	all = append(all, "SET autocommit = 1, sql_auto_is_null = 0, NAMES utf8mb4")
	level := "read committed"
	switch v, ok := db.Options.Value("isolation_level"); {
	case !ok && db.set.Django.Before(2, 0) && db.set.Django != (djsession.DjangoVersion{}):
		level = "" // the default of the server
	case ok:
		level = strings.ToLower(db.Options.Text("isolation_level"))
		if v != nil && level != "" && !slices.Contains(isolationLevels, level) {
			return nil, fmt.Errorf("%w: the isolation_level of DATABASES[%q] is none that Django takes", djsettings.ErrSetting, db.Alias)
		}
	}
	if level != "" {
		all = append(all, "SET SESSION TRANSACTION ISOLATION LEVEL "+strings.ToUpper(level))
	}
	return all, nil
}

// discard is a logger that writes nothing: errors say what is wrong.
type discard struct{}

func (discard) Print(...any) {}

// defaultSocket returns the server's socket in the place where distributions put it, or "".
func defaultSocket() string {
	for _, path := range []string{"/var/run/mysqld/mysqld.sock", "/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"} {
		if fi, err := os.Stat(path); err == nil && fi.Mode()&os.ModeSocket != 0 {
			return path
		}
	}
	return ""
}
