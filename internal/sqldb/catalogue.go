package sqldb

import (
	"context"
	"fmt"
	"strings"
)

// Column is a column of a table in the catalogue.
type Column struct {
	Name, Type string
	Key        bool // of the primary key
}

// Columns returns the columns of a table, whose name is as in [Dialect.Table];
// none if there is no such table.
func (db *DB) Columns(ctx context.Context, doing, schema, table string) ([]Column, error) {
	schema, table, err := SplitTable(schema, table)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	query := strings.NewReplacer("{table}", db.Placeholder(1), "{schema}", db.Placeholder(2)).Replace(db.columns)
	return Rows(ctx, db, doing, func(scan Scan) (c Column, err error) {
		var key int64
		err = scan(&c.Name, &c.Type, &key)
		c.Key = key != 0
		return c, err
	}, query, table, schema)
}

// References returns the table, and its column, that a column points to by a foreign key of
// its own; "" if it does not.
func (db *DB) References(ctx context.Context, doing, schema, table, column string) (to, key string, err error) {
	own, table, err := SplitTable(schema, table)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", doing, err)
	}
	query := strings.NewReplacer("{table}", db.Placeholder(1), "{schema}", db.Placeholder(2), "{column}", db.Placeholder(3)).Replace(db.references)
	rows, err := Rows(ctx, db, doing, func(scan Scan) (r [2]*string, err error) {
		err = scan(&r[0], &r[1])
		return r, err
	}, query, table, own, column)
	if err != nil || len(rows) != 1 || rows[0][0] == nil {
		return "", "", err
	}
	to = *rows[0][0]
	if rows[0][1] != nil {
		key = *rows[0][1]
	}
	if own != schema {
		to = own + "." + to
	}
	return to, key, nil
}
