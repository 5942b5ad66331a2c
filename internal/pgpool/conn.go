package pgpool

import (
	"context"
	"encoding/binary"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
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
		if err := each(func(dest ...any) error { return scan(rows, dest) }); err != nil {
			return err
		}
	}
	return rows.Err()
}

// scan is rows.Scan, which looks for a way to read each column of each row. The columns and
// variables of a session need no search.
func scan(rows pgx.Rows, dest []any) error {
	fields, values := rows.FieldDescriptions(), rows.RawValues()
	for i, d := range dest {
		if len(dest) != len(values) || !read(d, &fields[i], values[i]) {
			return rows.Scan(dest...)
		}
	}
	return nil
}

// read reads a column, or returns false.
func read(dest any, field *pgconn.FieldDescription, v []byte) bool {
	number := func() (int64, bool) {
		if field.Format != pgx.BinaryFormatCode || len(v) != 8 {
			return 0, false
		}
		return int64(binary.BigEndian.Uint64(v)), true
	}
	switch oid := field.DataTypeOID; d := dest.(type) {
	case *string:
		if oid != pgtype.TextOID && oid != pgtype.VarcharOID || v == nil {
			return false
		}
		*d = string(v)
		return true
	case **string:
		if oid != pgtype.TextOID && oid != pgtype.VarcharOID {
			return false
		}
		*d = nil
		if v != nil {
			text := string(v)
			*d = &text
		}
		return true
	case **int64:
		n, ok := number()
		if oid != pgtype.Int8OID || !ok {
			return false
		}
		*d = &n
		return true
	case **time.Time:
		n, ok := number() // microseconds since 2000; the ends of the numbers are infinite
		if oid != pgtype.TimestamptzOID || !ok || n > math.MaxInt64-year2000 || n == math.MinInt64 {
			return false
		}
		m := time.UnixMicro(n + year2000)
		*d = &m
		return true
	}
	return false
}

// year2000 is its beginning, in microseconds of Unix time.
const year2000 = 946684800_000_000

// Open implements [sqldb.Conn]. It is 1 if Pool is no *pgxpool.Pool.
func (c Conn) Open() int {
	if pool, ok := c.Pool.(interface{ Stat() *pgxpool.Stat }); ok {
		return int(pool.Stat().TotalConns())
	}
	return 1
}
