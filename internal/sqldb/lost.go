package sqldb

import (
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/go-djsession/go-djsession/internal/errtext"
)

// A server closes connections when it restarts, when it finds them idle for too long, or
// when somebody ends them. A pool keeps such a connection until somebody uses it. So the
// first statements after a restart fail, one for each connection of the pool.
//
// A read is then tried again. A write is, too, if it cannot have been carried out. The
// pool may hold as many closed connections as it has connections at all, and each try
// removes one. So there is one try more than that.

// lostFault returns FaultLost or FaultUnsent if err says that a connection is closed, else
// FaultOther.
func lostFault(err error) Fault {
	if errors.Is(err, driver.ErrBadConn) {
		return FaultUnsent // drivers return it only before they send something
	}
	// The errors of pgx have the method.
	var pgx interface{ SafeToRetry() bool }
	if errors.As(err, &pgx) && pgx.SafeToRetry() {
		return FaultUnsent
	}
	for _, closed := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, closed) {
			return FaultLost
		}
	}
	// go-sql-driver/mysql says the first, and PgBouncer the second when it has lost the server.
	if errtext.Says(err, "invalid connection") || errtext.Says(err, "server conn crashed?") {
		return FaultLost
	}
	return FaultOther
}

// postgresLost is lostFault for the codes of PostgreSQL.
func postgresLost(code string, err error) Fault {
	switch code {
	case "57P05": // idle_session_timeout: it ends only connections on which nothing runs
		return FaultUnsent
	case "57P01": // admin_shutdown
		// PostgreSQL says so in place of carrying out a statement, and never once that is
		// committed. A pooler's words are others, and it does not know.
		if strings.Contains(err.Error(), "terminating connection due to administrator command") {
			return FaultUnsent
		}
		return FaultLost
	case "57P02", "08000", "08003", "08006": // crash_shutdown, connection_exception and its kinds
		return FaultLost
	}
	return FaultOther
}
