package dbstore

import (
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/djangodb"
)

// UserKey says what primary key the site's user model has, of which a session
// keeps the text.
type UserKey int

const (
	// UserKeyAuto is for integers and UUIDs, which the text tells apart.
	UserKeyAuto UserKey = iota
	// UserKeyText is for texts, also such as look like one of them.
	UserKeyText
)

// UserSessions returns the Options for user_sessions.backends.db, the engine of
// django-user-sessions, whose table is user_sessions_session. Beside what Django's
// engine stores:
//
//   - user_id is _auth_user_id of the data, NULL if nobody is logged in;
//   - user_agent and ip are those of Record.Meta, the header cut to 200 characters
//     as that library has it; they stay as they are if Meta is empty, as in a job;
//   - last_activity is the time of the write, and of a Touch.
//
// Unlike that library, whose save brings back a session that somebody deleted, and
// whose load makes a row for every cookie that it does not know, a Store never does.
func UserSessions(site *djsession.Site, d Dialect, key UserKey) *Options {
	o := djangodb.UserSessions(site, d.d, key == UserKeyText)
	return (*Options)(&o)
}

// QSessions returns the Options for qsessions.backends.db, the engine of
// django-qsessions, whose table is qsessions_session: as UserSessions, but
// with up to 300 characters of the header, updated_at in the place of
// last_activity, and created_at, which is set by Create alone.
//
// As that library does, a request also puts its header and address into the data,
// as _qsessions_user_agent and _qsessions_ip. The Session that was saved does not
// show them before it is loaded again.
func QSessions(site *djsession.Site, d Dialect, key UserKey) *Options {
	o := djangodb.QSessions(site, d.d, key == UserKeyText)
	return (*Options)(&o)
}
