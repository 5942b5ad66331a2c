package userstable

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
)

// joins completes the Parents and checks them.
func (o *Options) joins() error {
	o.Parents = slices.Clone(o.Parents)
	for i := range o.Parents {
		p := &o.Parents[i]
		if p.Table == "" {
			return fmt.Errorf("%w: a Parent has no Table", djsession.ErrConfig)
		}
		if p.Key == "" {
			p.Key = "id"
		}
		if p.Link == "" {
			p.Link = o.Columns.ID
			if i > 0 {
				p.Link = o.Parents[i-1].Key
			}
		}
	}
	return nil
}

// tableOf returns the number of the table with a column: 0 is Table, 1 the first parent.
func (o *Options) tableOf(column string) int {
	if column == o.Columns.ID {
		return 0
	}
	return 1 + slices.IndexFunc(o.Parents, func(p Parent) bool { return slices.Contains(p.Columns, column) })
}

// column returns the name of a column with its table. Without the table, SQLite takes a
// column that does not exist for a text.
func (t *Table) column(name string) (string, error) { return t.in(t.o.tableOf(name), name) }

func (t *Table) in(table int, name string) (string, error) {
	quoted, err := t.db.Quote(name)
	return "t" + strconv.Itoa(table) + "." + quoted, err
}

// link returns the column that points to the parent with this number, the first being 1.
func (t *Table) link(n int) (string, error) {
	p := t.o.Parents[n-1]
	if n > 1 && p.Link == t.o.Parents[n-2].Key {
		return t.in(n-1, p.Link)
	}
	return t.in(min(t.o.tableOf(p.Link), n-1), p.Link)
}

// joined returns Table as t0, joined with the first n parents as t1 and so on:
// Django joins them by INNER JOIN.
func (t *Table) joined(n int) (string, error) {
	from, err := t.db.Table(t.o.Schema, t.o.Table)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(from + " t0")
	for i := 1; i <= n; i++ {
		p := t.o.Parents[i-1]
		table, err := t.db.Table(t.o.Schema, p.Table)
		if err != nil {
			return "", err
		}
		key, err := t.in(i, p.Key)
		if err != nil {
			return "", err
		}
		link, err := t.link(i)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, " JOIN %s t%d ON %s = %s", table, i, key, link)
	}
	return b.String(), nil
}

// update returns the UPDATE of one column of the user with an id, which is the second
// argument. Only the table that has the column is written.
func (t *Table) update(column string) (string, error) {
	d, n := t.db.Dialect, t.o.tableOf(column)
	name, err := d.Quote(column)
	if err != nil {
		return "", err
	}
	id, err := d.Quote(t.o.Columns.ID)
	if err != nil {
		return "", err
	}
	if n == 0 {
		table, err := d.Table(t.o.Schema, t.o.Table)
		return "UPDATE " + table + " SET " + name + " = " + d.Placeholder(1) + " WHERE " + id + " = " + idPlaceholder(d, 2, t.o.ID), err
	}
	p := t.o.Parents[n-1]
	table, err := d.Table(t.o.Schema, p.Table)
	if err != nil {
		return "", err
	}
	key, err := d.Quote(p.Key)
	if err != nil {
		return "", err
	}
	from, err := t.joined(n - 1)
	if err != nil {
		return "", err
	}
	link, err := t.link(n)
	if err != nil {
		return "", err
	}
	return "UPDATE " + table + " SET " + name + " = " + d.Placeholder(1) + " WHERE " + key +
		" = (SELECT " + link + " FROM " + from + " WHERE t0." + id + " = " + idPlaceholder(d, 2, t.o.ID) + ")", nil
}
