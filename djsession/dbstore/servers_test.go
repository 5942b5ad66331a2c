package dbstore_test

import (
	"database/sql"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"

	driver "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
)

func TestMain(m *testing.M) {
	// Where connections are cut on purpose, the driver logs it.
	_ = driver.SetLogger(log.New(io.Discard, "", 0))
	os.Exit(testserver.Run(m))
}

// What sqlmigrate sessions 0001 prints.
var (
	postgresTable = []string{
		`CREATE TABLE "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" timestamp with time zone NOT NULL)`,
		`CREATE INDEX "django_session_session_key_c0390e0f_like" ON "django_session" ("session_key" varchar_pattern_ops)`,
		`CREATE INDEX "django_session_expire_date_a5c62663" ON "django_session" ("expire_date")`,
	}
	mysqlTable = []string{
		"CREATE TABLE `django_session` (`session_key` varchar(40) NOT NULL PRIMARY KEY, `session_data` longtext NOT NULL, `expire_date` datetime(6) NOT NULL)",
		"CREATE INDEX `django_session_expire_date_a5c62663` ON `django_session` (`expire_date`)",
	}
)

var databases atomic.Int32

// postgres returns a new database of the private server.
func postgres(t testing.TB) database {
	t.Helper()
	s := testserver.PostgreSQL(t)
	dsn := func(addr, name string) string {
		return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", s.User, addr, name)
	}
	d := database{d: dbstore.PostgreSQL, driver: "pgx", begin: "BEGIN; LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE", end: "ROLLBACK"}
	name := fmt.Sprintf("test%d", databases.Add(1))
	admin := wrap(t, d.driver, dsn(s.Addr(), "postgres"), new(probe))
	mustExec(t, admin, "CREATE DATABASE "+name)
	d.addr = s.Addr()
	d.dsn = func(addr string) string { return dsn(addr, name) }
	mustExec(t, d.open(t, new(probe)), postgresTable...)
	return d
}

// mysql returns a new database of the private MariaDB, with the options of the
// driver that a handle is opened with.
func mysql(t testing.TB, charset, options string) database {
	t.Helper()
	s := testserver.MariaDB(t)
	dsn := func(addr, name, options string) string {
		return fmt.Sprintf("%s@tcp(%s)/%s?%s", s.User, addr, name, options)
	}
	d := database{d: dbstore.MySQL, driver: "mysql", text: true, begin: "LOCK TABLES django_session WRITE", end: "UNLOCK TABLES"}
	name := fmt.Sprintf("test%d", databases.Add(1))
	admin := wrap(t, d.driver, dsn(s.Addr(), "", ""), new(probe))
	mustExec(t, admin, fmt.Sprintf("CREATE DATABASE %s CHARACTER SET %s", name, charset))
	d.addr = s.Addr()
	d.dsn = func(addr string) string { return dsn(addr, name, options) }
	mustExec(t, d.open(t, new(probe)), mysqlTable...)
	return d
}

// each runs f on a new database of each kind.
func each(t *testing.T, f func(t *testing.T, d database)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { f(t, sqlite(t, "")) })
	t.Run("PostgreSQL", func(t *testing.T) { f(t, postgres(t)) })
	t.Run("MariaDB", func(t *testing.T) { f(t, mysql(t, "latin1", "")) })
}

// explain returns the plan of a statement as text.
func explain(t *testing.T, d database, db *sql.DB, query string, args ...any) string {
	t.Helper()
	prefix := "EXPLAIN "
	if d.d == dbstore.SQLite {
		prefix = "EXPLAIN QUERY PLAN "
	}
	rows, err := db.Query(prefix+query, args...)
	if err != nil {
		t.Fatalf("%s%s: %v", prefix, query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var plan []string
	for rows.Next() {
		cells := make([]sql.NullString, len(columns))
		dest := make([]any, len(columns))
		for i := range cells {
			dest[i] = &cells[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		for i, c := range cells {
			plan = append(plan, columns[i]+"="+c.String)
		}
	}
	return strings.Join(plan, " ")
}
