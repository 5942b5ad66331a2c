package report

import "github.com/go-djsession/go-djsession/internal/census"

// chart is a plot and its table.
type chart struct {
	ID, Title, Caption, Head string
	Logins                   bool // logins are told from other sessions
	Rows                     []row
	Columns                  bool // a column for each row, from left to right
	Most                     int64
}

// row is a bar. The lengths are parts of 1000.
type row struct {
	census.Bar
	At            int // the left edge of a column
	Total, Logins int
}

// step is the width of a column with the gap beside it, and thick without.
const step, thick = 10, 8

// Width is the width of the picture.
func (c chart) Width() int { return step * len(c.Rows) }

// First and Last are the names at the ends of the axis.
func (c chart) First() string { return c.Rows[0].Name }
func (c chart) Last() string  { return c.Rows[len(c.Rows)-1].Name }

// Thick is the width of a column.
func (chart) Thick() int { return thick }

// Top is the upper edge of the column, and LoginsTop that of its part with logins.
func (r row) Top() int       { return 1000 - r.Total }
func (r row) LoginsTop() int { return 1000 - r.Logins }

func charts(c *census.Census) (all []chart) {
	add := func(ch chart, bars census.Bars) {
		if len(bars) == 0 {
			return
		}
		for _, bar := range bars {
			ch.Most = max(ch.Most, bar.Sessions)
		}
		for i, bar := range bars {
			ch.Rows = append(ch.Rows, row{bar, i*step + (step-thick)/2, part(bar.Sessions, ch.Most), part(bar.Logins, ch.Most)})
		}
		all = append(all, ch)
	}
	add(chart{ID: "keys", Title: "Keys", Head: "Signed with", Caption: "Which key signed the sessions", Logins: true}, c.ByKey())
	add(chart{ID: "serializers", Title: "Serializers", Head: "Serializer", Caption: "What the sessions are made by", Logins: true}, c.BySerializer())
	add(chart{ID: "formats", Title: "Formats", Head: "Format", Caption: "How the sessions are stored", Logins: true}, c.ByFormat())
	add(chart{ID: "ends", Title: "Ends", Head: "Ends (UTC)", Caption: "When the sessions end, if nobody saves them before", Logins: true, Columns: true}, c.ByEnd())
	add(chart{ID: "sizes", Title: "Sizes", Head: "Size as stored", Caption: "How large the sessions are", Columns: true}, c.BySize())
	return all
}

// part returns n of most in parts of 1000. What there is, is seen.
func part(n, most int64) int {
	if n == 0 {
		return 0
	}
	return int(max(n*1000/most, 8))
}
