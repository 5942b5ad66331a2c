package pgxstore_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
)

// The tables of django-user-sessions and django-qsessions, as their migrations
// make them on PostgreSQL, for user models with a number, a UUID and a text. That
// the values are those of the libraries is tested in dbstore.
func TestUsers(t *testing.T) {
	ctx := t.Context()
	site := newSite(t)
	for _, test := range []struct {
		column, id string
		key        pgxstore.UserKey
	}{
		{"integer", "7", pgxstore.UserKeyAuto},
		{"bigint", "7000000000", pgxstore.UserKeyAuto},
		{"uuid", "0123abcd-4567-89ab-cdef-0123456789ab", pgxstore.UserKeyAuto},
		{"varchar(40)", "007", pgxstore.UserKeyText},
	} {
		for _, library := range []struct {
			table, columns string
			options        func(*djsession.Site, pgxstore.UserKey) *pgxstore.Options
			agent          int
		}{
			{"user_sessions_session", "user_agent varchar(200) NULL, last_activity timestamptz NOT NULL", pgxstore.UserSessions, 200},
			{"qsessions_session", "user_agent varchar(300) NULL, updated_at timestamptz NOT NULL, created_at timestamptz NULL", pgxstore.QSessions, 300},
		} {
			for _, mode := range []string{"", "&default_query_exec_mode=simple_protocol"} {
				pool := open(t, database(t)("")+mode, nil)
				mustExec(t, pool, "CREATE TABLE "+library.table+" (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, "+
					"expire_date timestamptz NOT NULL, ip inet NULL, user_id "+test.column+" NULL, "+library.columns+")")
				s := pgxstore.New(site, pool, library.options(site, test.key))
				r := record(1)
				r.Data = r.Data.With("_auth_user_id", test.id)
				r.Meta = djsession.Meta{UserAgent: strings.Repeat("x", 400), RemoteAddr: netip.MustParseAddr("2001:db8::7")}
				what := library.table + " " + test.column + mode
				v, err := s.Create(ctx, "abcdefgh", r)
				if err != nil {
					t.Errorf("%s: Create: %v", what, err)
					continue
				}
				row := func() (user, ip string, agent int) {
					t.Helper()
					if err := pool.QueryRow(ctx, "SELECT COALESCE(user_id::text, 'nobody'), host(ip), length(user_agent) FROM "+library.table).Scan(&user, &ip, &agent); err != nil {
						t.Fatal(err)
					}
					return user, ip, agent
				}
				if user, ip, agent := row(); user != test.id || ip != "2001:db8::7" || agent != library.agent {
					t.Errorf("%s: got user %s, ip %s and %d characters", what, user, ip, agent)
				}
				other := record(3)
				other.Data = other.Data.With("_auth_user_id", map[bool]string{true: "8", false: "0123abcd-4567-89ab-cdef-0123456789ff"}[test.column != "uuid"])
				if _, err := s.Create(ctx, "bbbbbbbb", other); err != nil {
					t.Errorf("%s: Create: %v", what, err)
				}
				listed := 0
				for l, err := range s.ListUser(ctx, test.id) {
					if listed++; err != nil || l.Key() != "abcdefgh" || len(l.Record.Meta.UserAgent) != library.agent || l.Record.Meta.RemoteAddr != r.Meta.RemoteAddr {
						t.Errorf("%s: ListUser: got %v, %v", what, l, err)
					}
				}
				if err := s.Delete(ctx, "bbbbbbbb", djsession.Force); err != nil || listed != 1 {
					t.Errorf("%s: ListUser: got %d sessions, %v", what, listed, err)
				}
				if err := s.Touch(ctx, "abcdefgh", now.Add(2*time.Hour), v); err != nil {
					t.Errorf("%s: Touch: %v", what, err)
				}
				if _, err := s.Update(ctx, "abcdefgh", record(2), v); err != nil {
					t.Errorf("%s: Update: %v", what, err)
				}
				if user, ip, agent := row(); user != "nobody" || ip != "2001:db8::7" || agent != library.agent {
					t.Errorf("%s: after a job's logout: got user %s, ip %s and %d characters", what, user, ip, agent)
				}
			}
		}
	}
}
