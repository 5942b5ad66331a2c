package main

import (
	"strings"
	"unicode/utf8"
)

// table prints rows under heads. The columns get their widths from the first
// tableRows rows, so that any number of rows can follow.
type table struct {
	heads []string
	right int // the column that is set to the right

	rows   [][]string // not printed yet
	widths []int      // nil until they are known
}

const tableRows = 1000

func (t *table) add(a *app, cells ...string) error {
	for i, cell := range cells {
		cells[i] = string(appendHarmless(nil, []byte(oneLine(cell)))) // before its width is taken
	}
	if t.widths != nil {
		return t.print(a, cells)
	}
	if t.rows = append(t.rows, cells); len(t.rows) == tableRows {
		return t.flush(a)
	}
	return nil
}

// flush prints the rows that wait. A table without any prints nothing.
func (t *table) flush(a *app) error {
	if len(t.rows) == 0 {
		return nil
	}
	t.widths = make([]int, len(t.heads))
	rows := append([][]string{t.heads}, t.rows...)
	for _, row := range rows {
		for i, cell := range row {
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell))
		}
	}
	t.rows = nil
	for _, row := range rows {
		if err := t.print(a, row); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) print(a *app, row []string) error {
	var b strings.Builder
	for i, cell := range row {
		if i > 0 {
			b.WriteString("  ")
		}
		pad := strings.Repeat(" ", max(0, t.widths[i]-utf8.RuneCountInString(cell)))
		if i == t.right {
			b.WriteString(pad + cell)
		} else {
			b.WriteString(cell + pad)
		}
	}
	_, err := a.stdout.Write([]byte(strings.TrimRight(b.String(), " ") + "\n"))
	return err
}
