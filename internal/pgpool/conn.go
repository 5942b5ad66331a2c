package pgpool

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// DB is the part of a *pgxpool.Pool that a [Conn] needs.
type DB interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Conn is a [sqldb.Conn] that sends statements to a pool.
type Conn struct{ Pool DB }

var _ sqldb.Conn = Conn{}

// Exec implements [sqldb.Conn].
func (c Conn) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := c.Pool.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

// Query implements [sqldb.Conn].
func (c Conn) Query(ctx context.Context, each func(sqldb.Scan) error, query string, args ...any) error {
	rows, err := c.Pool.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Open implements [sqldb.Conn]. It is 1 if Pool is no *pgxpool.Pool.
func (c Conn) Open() int {
	if pool, ok := c.Pool.(interface{ Stat() *pgxpool.Stat }); ok {
		return int(pool.Stat().TotalConns())
	}
	return 1
}
