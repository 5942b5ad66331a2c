package djsite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// TestWatched checks that a context ends a statement at once, whatever it waits for, and
// that its connection is not used again. Statements of other contexts are not touched.
func TestWatched(t *testing.T) {
	s := testserver.MariaDB(t)
	proxy := testserver.NewProxy(t, s.Addr())
	cfg, err := mysql.ParseDSN(fmt.Sprintf("%s@tcp(%s)/", s.User, proxy.Addr))
	if err != nil {
		t.Fatal(err)
	}
	cfg.InterpolateParams = true
	connector, err := watch(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := connector.(watching); !ok {
		t.Fatalf("got a %T", connector)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	db.SetMaxOpenConns(1)
	id := func() (id int) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), "SELECT CONNECTION_ID() WHERE 1 = ?", 1).Scan(&id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	query := func(ctx context.Context) error {
		rows, err := db.QueryContext(ctx, "SELECT SLEEP(20)")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
		}
		return rows.Err()
	}
	exec := func(ctx context.Context) error { _, err := db.ExecContext(ctx, "DO SLEEP(20)"); return err }
	rows := func(ctx context.Context) error { // it ends between rows
		rows, err := db.QueryContext(ctx, "SELECT REPEAT('x', 1000) FROM information_schema.columns a, information_schema.columns b")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
		}
		return rows.Err()
	}
	for name, run := range map[string]func(context.Context) error{"query": query, "exec": exec, "rows": rows} {
		for _, stalled := range []bool{false, true} {
			before := id()
			if again := id(); again != before {
				t.Errorf("%s: a connection that is fine was replaced", name)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			if stalled {
				proxy.Stall()
			}
			began := time.Now()
			err := run(ctx)
			cancel()
			if took := time.Since(began); took > 10*time.Second || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s, stalled %v: got %v after %v, want the end of the context", name, stalled, err, took)
			}
			if stalled {
				proxy.Mend()
			}
			if after := id(); after == before {
				t.Errorf("%s, stalled %v: the connection is used again", name, stalled)
			}
		}
	}
	// A context that ends after its statement touches nothing.
	ctx, cancel := context.WithCancel(t.Context())
	var n int
	if err := db.QueryRowContext(ctx, "SELECT 1 WHERE 1 = ?", 1).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, "DO 1"); err != nil {
		t.Fatal(err)
	}
	before := id()
	cancel()
	if after := id(); after != before {
		t.Error("the end of a context closed a connection that it no longer used")
	}
}
