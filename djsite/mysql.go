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

// openMySQL opens a MySQL or a MariaDB.
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
	handle.SetConnMaxLifetime(3 * time.Minute) // servers and proxies close what idles
	if err := handle.PingContext(ctx); err != nil {
		handle.Close()
		return nil, db.unavailable(err)
	}
	return &DB{Settings: db.Database, SQL: handle}, nil
}

// mysqlConfig is what DatabaseWrapper.get_connection_params hands to mysqlclient,
// and what that reads from a my.cnf where the settings are empty. Options of the
// driver stay as they are: the stores need none.
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
	// OPTIONS are handed over last, and so win.
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
	// mysqlclient takes "localhost" for the socket of this machine, whatever the port
	// says. Unlike it, a port is believed here.
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

// isolationLevels are those that Django's backend takes.
var isolationLevels = []string{"read uncommitted", "read committed", "repeatable read", "serializable"}

// mysqlStatements are what a connection begins with: the client's init_command and
// character set, and then what connect and init_connection_state of DatabaseWrapper
// set, whatever the server's configuration or its init_connect say.
//
// The names come last. No other character set may hold: the driver's quotes are
// made for this one.
func (db entry) mysqlStatements() ([]string, error) {
	all := splitStatements(db.Options.Text("init_command"))
	all = append(all, "SET autocommit = 1, sql_auto_is_null = 0, NAMES utf8mb4")
	level := "read committed"
	switch v, ok := db.Options.Value("isolation_level"); {
	case !ok && db.set.Django.Before(2, 0) && db.set.Django != (djsession.DjangoVersion{}):
		level = "" // the server's own
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

// discard is a logger: what is wrong is in an error.
type discard struct{}

func (discard) Print(...any) {}

// defaultSocket is where distributions put the socket of the server.
func defaultSocket() string {
	for _, path := range []string{"/var/run/mysqld/mysqld.sock", "/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"} {
		if fi, err := os.Stat(path); err == nil && fi.Mode()&os.ModeSocket != 0 {
			return path
		}
	}
	return ""
}
