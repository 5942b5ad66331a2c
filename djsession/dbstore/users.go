package dbstore

import (
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/djangodb"
)

// UserKey is the kind of primary key that the site's user model has. A session keeps
// the text of it.
type UserKey int

const (
	// UserKeyAuto is for integers and UUIDs. The text says which it is.
	UserKeyAuto UserKey = iota
	// UserKeyText is for texts, even if they look like an integer or a UUID.
	UserKeyText
)

// UserSessions returns the Options for user_sessions.backends.db, the engine of
// django-user-sessions, whose table is user_sessions_session. It has three columns
// more than Django's engine:
//
//   - user_id is _auth_user_id of the data, NULL if nobody is logged in;
//   - user_agent and ip are those of Record.Meta. The header is cut to 200 characters,
//     as in that library. Both stay as they are if Meta is empty, as in a job;
//   - last_activity is the time of the write, and of a Touch.
//
// Unlike that library, a Store never brings back a session that somebody deleted, and
// never makes a row for a cookie that it does not know.
func UserSessions(site *djsession.Site, d Dialect, key UserKey) *Options {
	o := djangodb.UserSessions(site, d.d, key == UserKeyText)
	return (*Options)(&o)
}

// QSessions returns the Options for qsessions.backends.db, the engine of
// django-qsessions, whose table is qsessions_session. It is as UserSessions, but with
// up to 300 characters of the header, updated_at in place of last_activity, and
// created_at, which only Create sets.
//
// As in that library, a request also puts its header and address into the data, as
// _qsessions_user_agent and _qsessions_ip. A Session shows them when it is loaded
// again, not at once.
func QSessions(site *djsession.Site, d Dialect, key UserKey) *Options {
	o := djangodb.QSessions(site, d.d, key == UserKeyText)
	return (*Options)(&o)
}
