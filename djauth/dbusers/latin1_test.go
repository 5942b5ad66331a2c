package dbusers_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// A database that is not in UTF-8, with a handle that is, as in Django.
func TestPostgreSQLLatin1(t *testing.T) {
	s := testserver.PostgreSQL(t)
	dsn := func(name string) string {
		return fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable&client_encoding=UTF8", s.User, s.Addr(), name)
	}
	mustExec(t, open(t, "pgx", dsn("postgres"), nil), "CREATE DATABASE latin1 ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
	db := open(t, "pgx", dsn("latin1"), nil)
	mustExec(t, db, "CREATE TABLE auth_user (id serial PRIMARY KEY, username varchar(150), password varchar(128), is_active bool, is_staff bool, is_superuser bool, email varchar(254), first_name varchar(150), last_name varchar(150), last_login timestamptz, date_joined timestamptz)",
		"INSERT INTO auth_user (username, password, is_active) VALUES (chr(233), 'x', true)")
	users := dbusers.New(newSite(t, nil), db, dbstore.PostgreSQL, nil)
	a, err := users.ByName(t.Context(), "\u00e9")
	if err != nil || a.Name != "\u00e9" {
		t.Errorf("got %v, %v", a, err)
	}
	// A name that no account can have.
	if _, err := users.ByName(t.Context(), "\U0001f600"); !errors.Is(err, djauth.ErrNoUser) {
		t.Errorf("got %v, want ErrNoUser", err)
	}
}
