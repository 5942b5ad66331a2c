package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// loadQuery is the statement of a load.
const loadQuery = "SELECT session_key, CASE WHEN octet_length(session_data)::bigint <= $1 THEN session_data END, octet_length(session_data)::bigint, " +
	"CASE expire_date WHEN 'infinity' THEN '20000-01-01 00:00:00+00' WHEN '-infinity' THEN '4000-01-01 00:00:00+00 BC' ELSE expire_date END FROM \"django_session\" WHERE session_key = $2"

// A pooler takes prepared statements away. What the library adds to a load must stay the
// same: pgx alone sends the same statement in the same mode, and decodes the row.
func init() {
	for _, pooled := range []bool{false, true} {
		name := "PostgreSQL, nothing prepared: load"
		if pooled {
			name = "PostgreSQL behind PgBouncer: load"
		}
		Add(Row{
			Group: "Stores", Name: name,
			Note:  "\"pgx\" is the same statement, and the row decoded, without a store.",
			Reach: []Reach{{Peer: "pgx", Times: 1.05}},
			Make: func(t testing.TB) []Entry {
				d := newDatabase(t, "PostgreSQL")
				s := testserver.PostgreSQLWith(t, "shared_buffers=256MB")
				if pooled {
					s = testserver.PgBouncer(t, s, "transaction")
				}
				pool, err := pgxpool.New(t.Context(), fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable&default_query_exec_mode=cache_describe", s.User, s.Addr(), d.name))
				must(t, err)
				t.Cleanup(pool.Close)
				site := newSite(t)
				store := pgxstore.New(site, pool, nil)
				_, err = store.Create(t.Context(), sessionKey, record(login))
				must(t, err)
				alone := repeat(func() error {
					ctx, cancel := context.WithCancel(context.Background())
					defer cancel()
					var key string
					var data *string
					var size *int64
					var expires *time.Time
					if err := pool.QueryRow(ctx, loadQuery, int64(site.Limits().Payload), sessionKey).Scan(&key, &data, &size, &expires); err != nil {
						return err
					}
					_, err := site.Decode(*data)
					return err
				})
				ours := repeat(func() error {
					ctx, cancel := context.WithCancel(context.Background())
					defer cancel()
					_, _, err := djsession.Store(store).Load(ctx, sessionKey)
					return err
				})
				return []Entry{{Who: Ours, Run: ours, Other: d.cpu()}, {Who: "pgx", Run: alone, Other: d.cpu()}}
			},
		})
	}
}
