package sqldb

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
		want Fault
	}{
		{SQLite, code(1555), FaultTaken},
		{SQLite, code(2067), FaultTaken},
		{SQLite, code(1299), FaultRequired},
		{SQLite, code(275), FaultOther}, // CONSTRAINT_CHECK
		{SQLite, code(5), FaultRetry},
		{SQLite, code(261), FaultRetry}, // BUSY_RECOVERY
		{SQLite, code(517), FaultRetry}, // BUSY_SNAPSHOT
		{SQLite, code(262), FaultRetry}, // LOCKED_SHAREDCACHE
		{SQLite, code(8), FaultReadOnly},
		{SQLite, code(18), FaultTooLarge},
		{SQLite, code(11), FaultOther}, // CORRUPT
		{SQLite, fmt.Errorf("wrapped: %w", code(5)), FaultRetry},
		// As mattn/go-sqlite3 and others say it, without a method Code.
		{SQLite, errors.New("UNIQUE constraint failed: django_session.session_key"), FaultTaken},
		{SQLite, errors.New("NOT NULL constraint failed: django_session.account_id"), FaultRequired},
		{SQLite, errors.New("database is locked"), FaultRetry},
		{SQLite, errors.New("database table is locked"), FaultRetry},
		{SQLite, errors.New("attempt to write a readonly database"), FaultReadOnly},
		{SQLite, errors.New("no such table: django_session"), FaultNoTable},
		{SQLite, errors.New("no such column: expire_date"), FaultColumn},
		{SQLite, errors.New("table django_session has no column named expire_date"), FaultColumn},
		{SQLite, errors.New("disk I/O error"), FaultOther},

		{PostgreSQL, state("23505"), FaultTaken},
		{PostgreSQL, fmt.Errorf("wrapped: %w", state("40P01")), FaultRetry},
		{PostgreSQL, state("40001"), FaultRetry},
		{PostgreSQL, state("22001"), FaultTooLong},
		{PostgreSQL, state("54000"), FaultTooLarge},
		{PostgreSQL, state("22P02"), FaultValue},
		{PostgreSQL, state("22007"), FaultColumn},
		{PostgreSQL, state("22003"), FaultForeign},
		{PostgreSQL, state("22P05"), FaultForeign},
		{PostgreSQL, state("57014"), FaultOther}, // query_canceled
		{PostgreSQL, errors.New("database is locked"), FaultOther},

		{MySQL, errors.New("Error 1062 (23000): Duplicate entry 'x' for key 'PRIMARY'"), FaultTaken},
		{MySQL, errors.New("Error 1062: Duplicate entry 'x' for key 'PRIMARY'"), FaultTaken}, // before 1.7
		{MySQL, errors.New("ERROR 1213 (40001): Deadlock found"), FaultRetry},                // go-mysql-org
		{MySQL, fmt.Errorf("wrapped: %w", errors.New("Error 1205 (HY000): Lock wait timeout exceeded")), FaultRetry},
		{MySQL, fmt.Errorf("a: %w, b: %w", errors.New("x"), errors.New("Error 1146 (42S02): no table")), FaultNoTable},
		{MySQL, errors.New("Error 1406 (22001): Data too long for column 'password' at row 1"), FaultTooLong},
		{MySQL, errors.New("Error 1153 (08S01): Got a packet bigger than 'max_allowed_packet' bytes"), FaultTooLarge},
		{MySQL, errors.New("packet for query is too large. Try adjusting the `Config.MaxAllowedPacket`"), FaultTooLarge},
		{MySQL, errors.New("Error 1267 (HY000): Illegal mix of collations"), FaultForeign},
		{MySQL, errors.New("Error 1292 (22007): Truncated incorrect DOUBLE value"), FaultColumn},
		{MySQL, errors.New("Error 10620 (23000): x"), FaultOther},
		{MySQL, errors.New("Error"), FaultOther},
		{MySQL, errors.New("Error "), FaultOther},
		{MySQL, errors.New("invalid connection"), FaultOther},
	} {
		if got := test.d.fault(test.err); got != test.want {
			t.Errorf("%v: %q: got %d, want %d", test.d, test.err, got, test.want)
		}
	}
}
