package dbstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// TestRawScan reads values of all types with a context that can end and with one that
// cannot: the first way is our own, the second that of package sql.
func TestRawScan(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		db, err := sql.Open(map[string]string{"SQLite": "sqlite", "PostgreSQL": "pgx", "MySQL": "mysql"}[d.d.String()], d.dsn(d.addr))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, value := range []string{"NULL", "1", "0", "-9000000000", "1.5", "'1'", "''", "'größe'", "'true'", "'x'"} {
			for _, to := range []func() any{
				func() any { return new(string) }, func() any { return new(*string) }, func() any { return new(int64) }, func() any { return new(*int64) },
				func() any { return new(bool) }, func() any { return new(*bool) }, func() any { return new(time.Time) }, func() any { return new(*time.Time) },
				func() any { return new(any) }, func() any { return new(sql.NullString) },
			} {
				read := func(ctx context.Context) (string, bool) {
					dest := to()
					var failed error
					err := sqldb.NewSQL(db, sqldb.Named(d.d.String())).Query(ctx, func(scan sqldb.Scan) error {
						failed = scan(dest)
						return failed
					}, "SELECT "+value)
					if err == nil && failed == nil {
						v := reflect.ValueOf(dest).Elem()
						if v.Kind() == reflect.Pointer && !v.IsNil() {
							v = v.Elem()
						}
						return fmt.Sprintf("%#v", v), true
					}
					return "", false
				}
				want, ok := read(context.Background())
				got, our := read(t.Context())
				if got != want || ok != our {
					t.Errorf("%s to a %T: got %s, %v, want %s, %v", value, to(), got, our, want, ok)
				}
			}
		}
	})
}
