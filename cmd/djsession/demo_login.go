package main

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// visitor is who is logged in by a session.
type visitor struct {
	name string // "" is nobody
	why  string // why it is nobody
}

func (v visitor) String() string {
	if v.name != "" {
		return v.name
	}
	return v.why
}

// loggedIn is django.contrib.auth.get_user for a session that was found, has not
// expired and whose signature is good. Only if all of it holds is somebody logged in:
// a user id, a backend that the site allows, a user with that id who is active, and a
// hash in the session that fits that user's present password.
//
// It is for sites with django.contrib.auth.models.User on SQLite and the backend
// ModelBackend. An error is no "nobody": the database could not be asked.
func loggedIn(ctx context.Context, db *sql.DB, keys signer.Keys, backends []string, d *serializer.Dict) (visitor, error) {
	id, ok := userOf(d)
	if !ok {
		return visitor{why: "nobody: no user in it"}, nil
	}
	backend, err := serializer.Field(d, "_auth_user_backend", "")
	if err != nil || !slices.Contains(backends, backend) {
		return visitor{why: "nobody: the site has no such backend"}, nil
	}
	var (
		name, password string
		active         bool
	)
	err = db.QueryRowContext(ctx, "SELECT username, password, is_active FROM auth_user WHERE id = ?", id).Scan(&name, &password, &active)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return visitor{why: "nobody: the user is gone"}, nil
	case err != nil:
		return visitor{}, connectProblem(err)
	case !active:
		return visitor{why: "nobody: " + name + " is not active"}, nil
	}
	hash, err := serializer.Field(d, "_auth_user_hash", "")
	if err == nil {
		_, err = signer.VerifySaltedHMAC(keys, authKeySalt, signer.SHA256, password, hash)
	}
	if err != nil {
		return visitor{why: "nobody: " + name + " has another password since"}, nil
	}
	return visitor{name: name}, nil
}
