package pgxstore

import (
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/djangodb"
	"github.com/go-djsession/go-djsession/internal/sqldb"
)

// UserKey says what primary key the site's user model has: see dbstore.
type UserKey = dbstore.UserKey

// The kinds of primary keys, which dbstore explains.
const (
	UserKeyAuto = dbstore.UserKeyAuto
	UserKeyText = dbstore.UserKeyText
)

// UserSessions is [dbstore.UserSessions]: it returns the Options for the engine of
// django-user-sessions.
func UserSessions(site *djsession.Site, key UserKey) *Options {
	return of(djangodb.UserSessions(site, sqldb.PostgreSQL, key == UserKeyText))
}

// QSessions is [dbstore.QSessions]: it returns the Options for the engine of
// django-qsessions.
func QSessions(site *djsession.Site, key UserKey) *Options {
	return of(djangodb.QSessions(site, sqldb.PostgreSQL, key == UserKeyText))
}

func of(o djangodb.Options) *Options {
	return &Options{Table: o.Table, Insert: o.Insert, Update: o.Update, Touch: o.Touch, Data: o.Data, User: o.User}
}
