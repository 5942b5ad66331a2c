package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

// userName is django.contrib.auth.get_user for a site with Django's own User and
// ModelBackend: the name of the user who is logged in by s, or "". An error is no
// "": the database could not be asked.
//
// A session is a login only if all of this holds; a user id alone proves nothing.
func userName(ctx context.Context, db *sql.DB, keys signer.Keys, s *djsession.Session) (string, error) {
	const (
		backend = "django.contrib.auth.backends.ModelBackend"
		keySalt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
	)
	// 1. There is a user id, and the site has the backend that vouched for it.
	id, err := djsession.Value(s, "_auth_user_id", "")
	if err != nil || id == "" {
		return "", nil
	}
	if by, err := djsession.Value(s, "_auth_user_backend", ""); err != nil || by != backend {
		return "", nil
	}
	// 2. There is such a user, who is active.
	var (
		name, password string
		active         bool
	)
	err = db.QueryRowContext(ctx, "SELECT username, password, is_active FROM auth_user WHERE id = ?", id).Scan(&name, &password, &active)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", nil
	case err != nil:
		return "", err
	case !active:
		return "", nil
	}
	// 3. The password is still the one that the user logged in with.
	hash, err := djsession.Value(s, "_auth_user_hash", "")
	if err != nil {
		return "", nil
	}
	if _, err := signer.VerifySaltedHMAC(keys, keySalt, signer.SHA256, password, hash); err != nil {
		return "", nil
	}
	return name, nil
}
