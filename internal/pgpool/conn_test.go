package pgpool

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-djsession/go-djsession/internal/sqldb"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

// TestScan: columns are read as pgx reads them, in each mode of it.
func TestScan(t *testing.T) {
	s := testserver.PostgreSQL(t)
	for _, mode := range []string{"cache_statement", "cache_describe", "exec", "simple_protocol"} {
		pool, err := pgxpool.New(t.Context(), "postgres://"+s.User+"@"+s.Addr()+"/postgres?sslmode=disable&default_query_exec_mode="+mode)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		for _, query := range []string{
			"SELECT 'kéy'::varchar, 'data'::text, 7::bigint, '2026-03-04 05:06:07.123456+02'::timestamptz",
			"SELECT ''::varchar, ''::text, -1::bigint, '1999-12-31 23:59:59.999999+00'::timestamptz",
			"SELECT 'k'::text, NULL::text, 0::bigint, '1901-01-01 00:00:00.000001+00'::timestamptz",
			"SELECT 'k'::varchar, 'd'::varchar, NULL::bigint, NULL::timestamptz",
			"SELECT 'k'::char(3), 'd'::name, 7::integer, '2026-03-04'::date",
			"SELECT 'k'::varchar, 'd'::text, 7::bigint, '2026-03-04 05:06:07'::timestamp",
			"SELECT 'k'::varchar, 'd'::text, 7::bigint, 'infinity'::timestamptz",
			"SELECT NULL::varchar, 'd'::text, 7::bigint, now()",
			"SELECT 'k'::varchar, 'd'::text, 'x'::text, now()",
			"SELECT 'k'::varchar, 'd'::text, 7::bigint",
			"SELECT 'k'::varchar, 'd'::text, 7::bigint, now(), 1",
		} {
			type row struct {
				key  string
				data *string
				size *int64
				at   *time.Time
			}
			var got, want row
			gotErr := Conn{pool}.Query(t.Context(), func(scan sqldb.Scan) error {
				return scan(&got.key, &got.data, &got.size, &got.at)
			}, query)
			wantErr := pool.QueryRow(context.Background(), query).Scan(&want.key, &want.data, &want.size, &want.at)
			if (gotErr == nil) != (wantErr == nil) {
				t.Errorf("%s: %s: got error %v, pgx %v", mode, query, gotErr, wantErr)
			}
			if wantErr != nil {
				continue
			}
			same := got.key == want.key && equal(got.data, want.data) && equal(got.size, want.size) && (got.at == nil) == (want.at == nil) &&
				(got.at == nil || got.at.Equal(*want.at) && got.at.Location() == want.at.Location())
			if !same {
				t.Errorf("%s: %s: got %+v, pgx %+v", mode, query, got, want)
			}
		}
	}
}

func equal[T comparable](a, b *T) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}
