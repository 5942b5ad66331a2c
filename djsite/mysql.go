package djsite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
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
	connector, err := watch(cfg)
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
	if err := db.mysqlTimeouts(cfg); err != nil {
		return nil, err
	}
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

// mysqlTimeouts sets the time limits of cfg. 0 is none, as in mysqlclient; the limit for
// connecting is 10 s by default, as in PyMySQL.
func (db entry) mysqlTimeouts(cfg *mysql.Config) error {
	cfg.Timeout = 10 * time.Second
	for _, o := range []struct {
		name string
		to   *time.Duration
	}{
		{"connection_timeout", &cfg.Timeout}, {"connect_timeout", &cfg.Timeout},
		{"read_timeout", &cfg.ReadTimeout}, {"write_timeout", &cfg.WriteTimeout},
	} {
		d, ok := seconds(db.Options, o.name)
		if !ok {
			return fmt.Errorf("%w: the %s of DATABASES[%q] is no number of seconds", djsettings.ErrSetting, o.name, db.Alias)
		}
		if d > 0 {
			*o.to = d
		}
	}
	return nil
}

// seconds reads an option that is a number of seconds; 0 without it.
func seconds(p djsettings.Params, name string) (d time.Duration, ok bool) {
	if !p.Has(name) {
		return 0, true
	}
	f, err := strconv.ParseFloat(p.Text(name), 64)
	if err != nil || f < 0 || f > 1e9 { // or NaN
		return 0, false
	}
	return time.Duration(f * float64(time.Second)), f == f
}

// isolationLevels are the levels that Django's backend accepts.
var isolationLevels = []string{"read uncommitted", "read committed", "repeatable read", "serializable"}

// mysqlStatements returns the first statements of a connection: the client's init_command
// and character set, then what connect and init_connection_state of DatabaseWrapper set.
// They override the server's configuration and its init_connect.
func (db entry) mysqlStatements() ([]string, error) {
	all := splitStatements(db.Options.Text("init_command"))
	// The clients put the text between quotes as it is.
	for name, variable := range map[string]string{"sql_mode": "SESSION sql_mode", "time_zone": "time_zone"} {
		switch text := db.Options.Text(name); {
		case strings.ContainsAny(text, `'\`):
			return nil, fmt.Errorf("%w: the %s of DATABASES[%q] holds a quote", djsettings.ErrSetting, name, db.Alias)
		case text != "":
			all = append(all, "SET "+variable+" = '"+text+"'")
		}
	}
	all = append(all, setMySQL())
	level := "read committed"
	switch v, ok := db.Options.Value("isolation_level"); {
	case !ok && db.ServerIsolation(), !ok && db.set.Django.Before(2, 0) && db.set.Django != (djsession.DjangoVersion{}):
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
