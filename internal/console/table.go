package console

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Table prints rows under heads. The first TableRows rows determine the widths of the
// columns; any number of rows may follow. A table that is wider than the terminal continues
// cells on the next line, between two words. It never cuts a word: somebody may copy it.
type Table struct {
	w     io.Writer
	heads []string
	right int // the right-aligned column, or -1
	max   int // the width of the terminal, or 0

	rows   [][]string // not printed yet
	widths []int      // nil before the first Flush
}

// TableRows is how many rows a Table keeps to find the widths of its columns.
const TableRows = 1000

// NewTable returns a table that prints to Stdout. right is the right-aligned column, or -1.
func (c *Console) NewTable(right int, heads ...string) *Table {
	return &Table{w: c.Stdout, heads: heads, right: right, max: c.Width}
}

// Add adds a row. It prints the row, or keeps it until Flush.
func (t *Table) Add(cells ...string) error {
	for i, cell := range cells {
		cells[i] = string(appendHarmless(nil, []byte(oneLine(cell)))) // before the width is measured
	}
	if t.widths != nil {
		return t.print(cells)
	}
	if t.rows = append(t.rows, cells); len(t.rows) == TableRows {
		return t.Flush()
	}
	return nil
}

// Flush prints the rows that Add kept. It prints no heads for an empty table.
func (t *Table) Flush() error {
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
	t.narrow(rows)
	for _, row := range rows {
		if err := t.print(row); err != nil {
			return err
		}
	}
	return nil
}

// narrow takes from the widest columns what the terminal lacks, as far as the words go.
func (t *Table) narrow(rows [][]string) {
	words := make([]int, len(t.widths)) // the longest one of each column
	total := 2 * (len(t.widths) - 1)
	for i, width := range t.widths {
		total += width
		for _, row := range rows {
			for _, word := range strings.Fields(row[i]) {
				words[i] = max(words[i], utf8.RuneCountInString(word))
			}
		}
	}
	for ; t.max > 0 && total > t.max; total-- {
		widest := -1
		for i, width := range t.widths {
			if width > words[i] && (widest < 0 || width > t.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		t.widths[widest]--
	}
}

// breakAt breaks cell between words into what fits into width, and the rest.
func breakAt(cell string, width int) (first, rest string) {
	if utf8.RuneCountInString(cell) <= width {
		return cell, ""
	}
	at := -1
	for i, r := range cell {
		if r == ' ' && (at < 0 || utf8.RuneCountInString(cell[:i]) <= width) {
			at = i
		}
	}
	if at < 0 {
		return cell, ""
	}
	return cell[:at], strings.TrimLeft(cell[at:], " ")
}

// print prints row, and on further lines what its columns have no room for.
func (t *Table) print(row []string) error {
	rest := make([]string, len(row))
	if t.max > 0 {
		row = slices.Clone(row)
		for i, cell := range row {
			row[i], rest[i] = breakAt(cell, t.widths[i])
		}
	}
	if err := t.line(row); err != nil || strings.Join(rest, "") == "" {
		return err
	}
	return t.print(rest)
}

func (t *Table) line(row []string) error {
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
	_, err := t.w.Write([]byte(strings.TrimRight(b.String(), " ") + "\n"))
	return err
}

// CountOf is a row of a summary.
type CountOf struct {
	What string
	Name string // in JSON
	N    int64
}

// PrintCounts prints the counts of a run over sessions, and how many sessions a second it
// saw.
func (c *Console) PrintCounts(rows []CountOf, seen int64, took time.Duration) error {
	t := c.NewTable(1, "SESSIONS", "COUNT")
	for _, row := range rows {
		if err := t.Add(row.What, fmt.Sprint(row.N)); err != nil {
			return err
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if seen > 0 && took > 0 {
		c.Say("%.0f sessions a second", float64(seen)/took.Seconds())
	}
	return nil
}
