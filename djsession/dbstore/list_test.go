package dbstore_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
)

// List yields each session once, in the order of the keys and with what Load returns,
// although several goroutines decode a page.
func TestListPages(t *testing.T) {
	ctx, d := t.Context(), sqlite(t, "")
	db := d.open(t, new(probe))
	s := dbstore.New(newSite(t), db, d.d, nil)
	const last = 2345 // more than two pages, and no whole number of shares
	var want []string
	for i := range last {
		key := fmt.Sprintf("key%05d", i)
		want = append(want, key)
		if i == 0 {
			mustCreate(t, s, key, record("n", int64(i)))
		}
	}
	mustExec(t, db, fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO django_session SELECT printf('key%%05d', i), session_data, expire_date FROM n, django_session WHERE session_key = 'key00000'`, last-1),
		"UPDATE django_session SET session_data = session_key || session_data WHERE session_key LIKE '%7'")
	for _, from := range []int{0, 1, 100, 1100, last - 1} {
		cursor := ""
		if from > 0 {
			cursor = want[from-1]
		}
		var got []string
		for l, err := range s.List(ctx, cursor) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, l.Key())
			odd := l.Key()[7] == '7'
			text, _ := l.Version.Token()
			if errors.Is(l.Err, djsession.ErrCorrupt) != odd || odd && text[:8] != l.Key() || !odd && l.Record.Data.Len() != 1 {
				t.Fatalf("%s: got error %v, and the text of another", l.Key(), l.Err)
			}
		}
		if !slices.Equal(got, want[from:]) {
			t.Errorf("after %d: got %d sessions, want %d, or they are in another order", from, len(got), last-from)
		}
	}
	for range s.List(ctx, "") { // a caller may want one
		break
	}
}
