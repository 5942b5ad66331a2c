package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"
)

// raw runs a query by the driver itself. For a context that can end, as that of a request,
// package sql starts a goroutine for each query, beside the one of the driver: the two take
// as long as a load. done is false if nothing was sent, because the driver cannot do it in
// one step; package sql then can.
func raw(ctx context.Context, conn *sql.Conn, each func(Scan) error, query string, args []any) (done bool, err error) {
	err = conn.Raw(func(c any) error {
		q, ok := c.(driver.QueryerContext)
		if !ok {
			return nil
		}
		named, ok := namedValues(c, args)
		if !ok {
			return nil
		}
		rows, err := q.QueryContext(ctx, query, named)
		if errors.Is(err, driver.ErrSkip) {
			return nil
		}
		done = true
		if err != nil {
			return err
		}
		defer rows.Close()
		values := make([]driver.Value, len(rows.Columns()))
		scan := func(dest ...any) error { return assignAll(dest, values) }
		for {
			err := rows.Next(values)
			switch {
			case err == io.EOF:
				return nil
			case err == nil:
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
			if each(scan) != nil {
				return nil
			}
		}
	})
	if err != nil {
		done = true
	}
	return done, err
}

// namedValues returns args as a driver takes them. ok is false for what package sql has to
// convert.
func namedValues(c any, args []any) (named []driver.NamedValue, ok bool) {
	checker, checks := c.(driver.NamedValueChecker)
	named = make([]driver.NamedValue, len(args))
	for i, a := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
		if checks && checker.CheckNamedValue(&named[i]) == nil {
			continue
		}
		if checks || !driver.IsValue(a) {
			return nil, false
		}
	}
	return named, true
}

// assignAll is [sql.Rows.Scan].
func assignAll(dest []any, values []driver.Value) error {
	if len(dest) != len(values) {
		return fmt.Errorf("sqldb: %d columns for %d variables", len(values), len(dest))
	}
	for i, d := range dest {
		if err := assign(d, values[i]); err != nil {
			return err
		}
	}
	return nil
}

// assign puts v where a column goes. The bytes of v belong to the driver.
func assign(dest any, v driver.Value) error {
	switch d := dest.(type) {
	case *string:
		return convert(d, v)
	case **string:
		return optional(d, v)
	case *int64:
		return convert(d, v)
	case **int64:
		return optional(d, v)
	case *bool:
		return convert(d, v)
	case **bool:
		return optional(d, v)
	case *time.Time:
		return convert(d, v)
	case **time.Time:
		return optional(d, v)
	case sql.Scanner:
		return d.Scan(v)
	case *any:
		if b, ok := v.([]byte); ok {
			v = append([]byte{}, b...)
		}
		*d = v
		return nil
	}
	return fmt.Errorf("sqldb: a column cannot go to a %T", dest)
}

func optional[T any](dest **T, v driver.Value) error {
	if v == nil {
		*dest = nil
		return nil
	}
	*dest = new(T)
	return convert(*dest, v)
}

// convert converts as package sql does.
func convert[T any](dest *T, v driver.Value) error {
	if t, ok := v.(T); ok {
		*dest = t
		return nil
	}
	if b, ok := v.([]byte); ok {
		if text, ok := any(dest).(*string); ok {
			*text = string(b)
			return nil
		}
	}
	var n sql.Null[T]
	if err := n.Scan(v); err != nil {
		return err
	}
	if !n.Valid {
		return errNull
	}
	*dest = n.V
	return nil
}

var errNull = errors.New("sqldb: NULL")
