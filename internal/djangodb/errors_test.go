package djangodb

import (
	"errors"
	"fmt"
	"testing"
)

type code int

func (c code) Error() string { return "failed" }
func (c code) Code() int     { return int(c) }

type state string

func (s state) Error() string    { return "failed" }
func (s state) SQLState() string { return string(s) }

// What the errors of drivers mean, of those too that the live tests do not use.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		d    *Dialect
		err  error
		want fault
	}{
		{SQLite, code(1555), faultTaken},
		{SQLite, code(2067), faultTaken},
		{SQLite, code(1299), faultRequired},
		{SQLite, code(275), faultOther}, // CONSTRAINT_CHECK
		{SQLite, code(5), faultRetry},
		{SQLite, code(261), faultRetry}, // BUSY_RECOVERY
		{SQLite, code(517), faultRetry}, // BUSY_SNAPSHOT
		{SQLite, code(262), faultRetry}, // LOCKED_SHAREDCACHE
		{SQLite, code(8), faultReadOnly},
		{SQLite, code(18), faultTooLarge},
		{SQLite, code(11), faultOther}, // CORRUPT
		{SQLite, fmt.Errorf("wrapped: %w", code(5)), faultRetry},
		// As mattn/go-sqlite3 and others say it, without a method Code.
		{SQLite, errors.New("UNIQUE constraint failed: django_session.session_key"), faultTaken},
		{SQLite, errors.New("NOT NULL constraint failed: django_session.account_id"), faultRequired},
		{SQLite, errors.New("database is locked"), faultRetry},
		{SQLite, errors.New("database table is locked"), faultRetry},
		{SQLite, errors.New("attempt to write a readonly database"), faultReadOnly},
		{SQLite, errors.New("no such table: django_session"), faultNoTable},
		{SQLite, errors.New("no such column: expire_date"), faultColumn},
		{SQLite, errors.New("table django_session has no column named expire_date"), faultColumn},
		{SQLite, errors.New("disk I/O error"), faultOther},

		{PostgreSQL, state("23505"), faultTaken},
		{PostgreSQL, fmt.Errorf("wrapped: %w", state("40P01")), faultRetry},
		{PostgreSQL, state("40001"), faultRetry},
		{PostgreSQL, state("57014"), faultOther}, // query_canceled
		{PostgreSQL, errors.New("database is locked"), faultOther},

		{MySQL, errors.New("Error 1062 (23000): Duplicate entry 'x' for key 'PRIMARY'"), faultTaken},
		{MySQL, errors.New("Error 1062: Duplicate entry 'x' for key 'PRIMARY'"), faultTaken}, // before 1.7
		{MySQL, errors.New("ERROR 1213 (40001): Deadlock found"), faultRetry},                // go-mysql-org
		{MySQL, fmt.Errorf("wrapped: %w", errors.New("Error 1205 (HY000): Lock wait timeout exceeded")), faultRetry},
		{MySQL, fmt.Errorf("a: %w, b: %w", errors.New("x"), errors.New("Error 1146 (42S02): no table")), faultNoTable},
		{MySQL, errors.New("Error 10620 (23000): x"), faultOther},
		{MySQL, errors.New("Error"), faultOther},
		{MySQL, errors.New("Error "), faultOther},
		{MySQL, errors.New("invalid connection"), faultOther},
	} {
		if got := test.d.fault(test.err); got != test.want {
			t.Errorf("%v: %q: got %d, want %d", test.d, test.err, got, test.want)
		}
	}
}
