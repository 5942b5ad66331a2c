package djangodb

import (
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/sqldb"
	"github.com/go-djsession/go-djsession/serializer"
)

// users fills the columns that django-user-sessions and django-qsessions add.
type users struct {
	site *djsession.Site
	d    *sqldb.Dialect
	// textKey: the primary key of the user model is a text.
	textKey bool
	agent   int // characters of user_agent
}

// UserSessions returns the Options for the table of django-user-sessions.
func UserSessions(site *djsession.Site, d *sqldb.Dialect, textKey bool) Options {
	u := users{site, d, textKey, 200}
	seen := func() map[string]any { return map[string]any{"last_activity": site.Now()} }
	save := func(r *djsession.Record) map[string]any { return u.columns(r, seen()) }
	return Options{Table: "user_sessions_session", Insert: save, Update: save, Touch: seen, User: u.column}
}

// QSessions returns the Options for the table of django-qsessions.
func QSessions(site *djsession.Site, d *sqldb.Dialect, textKey bool) Options {
	u := users{site, d, textKey, 300}
	seen := func() map[string]any { return map[string]any{"updated_at": site.Now()} }
	return Options{
		Table: "qsessions_session",
		Insert: func(r *djsession.Record) map[string]any {
			now := site.Now()
			return u.columns(r, map[string]any{"updated_at": now, "created_at": now})
		},
		Update: func(r *djsession.Record) map[string]any { return u.columns(r, seen()) },
		Touch:  seen,
		Data:   u.data,
		User:   u.column,
	}
}

// columns adds to m the user of the record and, if a request wrote it, the columns
// about that request.
func (u users) columns(r *djsession.Record, m map[string]any) map[string]any {
	m["user_id"] = u.id(r.Data)
	if fromRequest(r) {
		m["user_agent"], m["ip"] = userAgent(r, u.agent), address(r)
	}
	return m
}

// data returns the dict with the keys that qsessions' SessionStore.save adds.
func (u users) data(r *djsession.Record) *serializer.Dict {
	d := r.Data
	if !fromRequest(r) {
		return d
	}
	for _, item := range []serializer.Item{
		{Key: "_qsessions_user_agent", Value: userAgent(r, u.agent)},
		{Key: "_qsessions_ip", Value: address(r)},
	} {
		name := item.Key.(string)
		if old, ok := d.Get(name); !ok || old != item.Value {
			d = d.With(name, item.Value)
		}
	}
	return d
}

// id returns the user of a session as the database keeps it; nil if there is none.
func (u users) id(d *serializer.Dict) any {
	v, _ := d.Get("_auth_user_id")
	if text, ok := v.(string); ok {
		return u.column(text)
	}
	if n, ok := v.(int64); ok { // nothing of Django's today, but a pickle can hold it
		return n
	}
	return nil
}

// column returns the text of a user id as the database keeps it.
func (u users) column(text string) any {
	if u.textKey {
		return text
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if isUUID(text) {
		return u.d.UUID(text)
	}
	return text
}

// isUUID reports whether text is a UUID as Python's str writes it.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// fromRequest reports whether a request has written r, and not a job.
func fromRequest(r *djsession.Record) bool {
	return r.Meta.UserAgent != "" || r.Meta.RemoteAddr.IsValid()
}

// userAgent returns the header cut to n characters. As in Django, each byte of a
// header is one character.
func userAgent(r *djsession.Record, n int) string {
	header := r.Meta.UserAgent
	header = header[:min(n, len(header))]
	var b strings.Builder
	for i := range len(header) {
		b.WriteRune(rune(header[i]))
	}
	return b.String()
}

// address returns REMOTE_ADDR, nil if it is not known.
func address(r *djsession.Record) any {
	if a := r.Meta.RemoteAddr; a.IsValid() {
		return a.WithZone("").String()
	}
	return nil
}
