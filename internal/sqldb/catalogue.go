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
