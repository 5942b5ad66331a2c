package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/fault"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// hashSalt is the key_salt of AbstractBaseUser.get_session_auth_hash.
const hashSalt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"

// claim is what a session says about its login.
type claim struct {
	id            any
	backend, hash string
}

// claimOf returns the claim of a session. ok is false if nobody is logged in.
func claimOf(d *serializer.Dict) (c claim, ok bool) {
	if c.id, ok = d.Get(djauth.SessionKey); !ok || c.id == nil {
		return c, false
	}
	backend, _ := d.Get(djauth.BackendSessionKey)
	c.backend, _ = serializer.Text(backend)
	hash, _ := d.Get(djauth.HashSessionKey)
	c.hash, _ = serializer.Text(hash)
	return c, true
}

// login examines the login of a session, as get_user of django.contrib.auth does.
func (e *exam) login(d *serializer.Dict) {
	e.seen.cookie = e.opts.Cookie != ""
	c, ok := claimOf(d)
	switch {
	case !ok:
		e.seen.nobody = true
		return
	case e.opts.Open.AskDjango != "", e.unanswered: // see rehearse
		return
	}
	if !slices.Contains(e.auth.Backends, c.backend) {
		e.fault(Backend, "The backend that the user of the session logged in by is not in AUTHENTICATION_BACKENDS of these settings, so that the user is anonymous.",
			"Give AUTHENTICATION_BACKENDS what the site really runs with, or let the user log in anew.")
	} else if e.backendUnknown(c.backend) {
		e.faultOf(BackendUnknown, fmt.Sprintf("The user of the session logged in by the backend %q, which is not Django's own, so that Go takes the visitor for anonymous.", c.backend),
			e.orProbe("Say in djauth.Options.OwnBackends which of Django's backends it does as, or judge its logins in CanAuthenticate."))
	}
	e.within(func(ctx context.Context) {
		if !e.hasUsers() {
			e.fault(UserTable, "Somebody is logged in to the session, and these settings have no database with users, so that Go cannot look the user up.",
				"Give DATABASES the database that the site's users are in, or a djauth.Users for the place where they are.")
			return
		}
		if db := e.database(ctx, e.userAlias()); db != nil {
			e.user(ctx, db, c)
		}
	})
}

// orProbe adds to a change what somebody without a program can do: a profile answers most
// questions about code.
func (e *exam) orProbe(change string) string {
	if e.set.Profile != nil {
		return change
	}
	return strings.TrimSuffix(change, ".") + "; a profile, which djsession probe makes of the site, may tell it."
}

// backendUnknown reports whether no option says what a backend of the site's own does.
func (e *exam) backendUnknown(name string) bool {
	known, _ := djauth.WellKnownBackend(name)
	return !known && !djauth.KnownBackend(name) && e.auth.OwnBackends[name] == "" && e.auth.CanAuthenticate == nil
}

// userAlias returns the alias of the users' database.
func (e *exam) userAlias() string { return e.as.UserDatabase }

// hasUsers reports whether there is such a database. A site may keep sessions in a cache
// and have no database.
func (e *exam) hasUsers() bool {
	db := e.set.Databases[e.userAlias()]
	return db != nil && db.Engine != "django.db.backends.dummy"
}

// users checks that the table of users exists, if no session led to it.
func (e *exam) users() {
	if e.asked || e.unanswered || e.opts.Open.AskDjango != "" || !e.set.Auth.Installed || e.faulty() || !e.hasUsers() {
		return
	}
	e.within(func(ctx context.Context) {
		db := e.database(ctx, e.userAlias())
		if db == nil {
			return
		}
		switch _, err := e.usersIn(ctx, db, ""); {
		case err == nil:
			e.seen.users = true
		case errors.Is(err, dbusers.ErrNoTable):
			e.noUserTable(ctx, db, claim{})
		case errors.Is(err, djsession.ErrConfig):
			e.otherTable(db, err)
		}
	})
}

// user looks the user up.
func (e *exam) user(ctx context.Context, db *djsite.DB, c claim) {
	e.asked = true
	model := e.set.Auth.UserModel
	users, err := e.usersIn(ctx, db, "")
	if errors.Is(err, dbusers.ErrNoTable) {
		e.noUserTable(ctx, db, c)
		return
	}
	if errors.Is(err, djsession.ErrConfig) {
		e.otherTable(db, err)
		return
	}
	if err != nil {
		e.fault(UserTable, fmt.Sprintf("The table of AUTH_USER_MODEL, %s, in DATABASES[%q] cannot be used: the database %s.", model, db.Settings.Alias, fault.Why(err)),
			"Name its table and columns, if they are not those that Django gives a model of this name.")
		return
	}
	id, err := users.IDKind().Parse(c.id)
	if err != nil {
		if !e.otherModel(ctx, db, c) {
			e.fault(UserID, fmt.Sprintf("The user id in the session is none that AUTH_USER_MODEL, %s, can have, whose primary key is of the kind %s.", model, users.IDKind()),
				"Give AUTH_USER_MODEL the model that the site really runs with.")
		}
		return
	}
	account, err := users.ByID(ctx, id)
	switch {
	case errors.Is(err, djauth.ErrNoUser):
		if !e.otherModel(ctx, db, c) {
			e.fault(UserDeleted, fmt.Sprintf("The user of the session is not in the table of AUTH_USER_MODEL, %s: the account was deleted, or this is another database.", model),
				"Log in anew, and see whether DATABASES[\"default\"] is the database that Django uses if nobody deleted the user.")
		}
		return
	case err != nil:
		e.fault(UserTable, fmt.Sprintf("The table of AUTH_USER_MODEL, %s, cannot be read: the database %s.", model, fault.Why(err)),
			"See the rights of USER in DATABASES.")
		return
	}
	e.seen.user = true
	key, fits := e.hashOf(c, account)
	if !account.Active && !e.lets(c.backend, account) {
		e.fault(UserInactive, "The user of the session is inactive, so that Django and Go take the visitor for anonymous.",
			"Set is_active of the user, if the account may log in.")
	}
	switch {
	case !fits && !e.otherModel(ctx, db, c):
		e.hash(c)
	case fits && key > 0 && e.current:
		e.note(FallbackKey, fmt.Sprintf("The _auth_user_hash of the session was made with %s of SECRET_KEY_FALLBACKS, from before SECRET_KEY was changed.", e.numbered(key)),
			"Keep the fallback key until such sessions are over.")
	case fits && key > 0:
		e.fault(FallbackKey, fmt.Sprintf("The _auth_user_hash of the session was made with %s of SECRET_KEY_FALLBACKS, and not with SECRET_KEY.", e.numbered(key)),
			"Compare SECRET_KEY with that of the running Django, unless it was changed there just now.")
	}
}

// lets reports whether a backend lets inactive users in.
func (e *exam) lets(backend string, a *djauth.Account) bool {
	if e.auth.CanAuthenticate != nil {
		return e.auth.CanAuthenticate(backend, a)
	}
	like := djauth.LikeBackend(cmp.Or(e.auth.OwnBackends[backend], backend))
	return like == djauth.AllowAllUsersModelBackend || like == djauth.AllowAllUsersRemoteBackend
}

// numbered names a key of hashOf.
func (e *exam) numbered(key int) string {
	if e.auth.AuthHash.IsZero() {
		return fmt.Sprintf("the key %d", key)
	}
	return "a key"
}

// hashOf reports whether the session's hash is that of the account, and with which key. For
// a model's own hash, 1 stands for any fallback key. Django's own hash may be that of another
// version.
func (e *exam) hashOf(c claim, a *djauth.Account) (key int, ok bool) {
	if own := e.auth.AuthHash; !own.IsZero() {
		fits, renew, err := own.Fits(e.lab.Sessions.Site().Settings(), a, c.hash)
		if renew {
			key = 1
		}
		return key, fits || errors.Is(err, signer.ErrNoKey) && !e.set.Keys.IsZero()
	}
	for _, alg := range []signer.Algorithm{signer.SHA256, signer.SHA1} {
		if alg.Size()*2 != len(c.hash) {
			continue
		}
		mac, err := signer.NewMAC(e.set.Keys, hashSalt, alg)
		if err != nil {
			return 0, !e.set.Keys.IsZero() // derived keys without one for this purpose
		}
		key, err := mac.Verify(a.Password.Reveal(), c.hash)
		return key, err == nil
	}
	return 0, false
}

// hash is for a hash that does not match. SECRET_KEY is not the reason if it verified
// something else.
func (e *exam) hash(c claim) {
	switch {
	case c.hash != "" && !e.auth.AuthHash.IsZero():
		e.ownHash()
	case len(c.hash) == 40 && !e.set.Django.Before(4, 0) && !strings.EqualFold(e.set.Auth.UserModel, "auth.User"):
		e.fault(AuthHash, fmt.Sprintf("The _auth_user_hash of the session is SHA-1, which Django %s itself does not make: AUTH_USER_MODEL, %s, overrides get_session_auth_hash, or an older Django made the session.", e.set.Django, e.set.Auth.UserModel),
			e.orProbe("Look whether the model overrides get_session_auth_hash, and say in djauth.Options.AuthHash what it does."))
	case len(c.hash) == 40 && !e.set.Django.Before(4, 0):
		e.fault(Django, fmt.Sprintf("The _auth_user_hash of the session is SHA-1, as Django before 3.1 makes it, and Django %s does not accept it.", e.set.Django),
			"Give the version of Django that the site really runs, or let the user log in anew.")
	case c.hash == "":
		e.fault(AuthHash, "The session has a user and no _auth_user_hash, so that Django ends it at the next request.", "Let the user log in anew.")
	case e.vouched:
		e.fault(AuthHash, "The _auth_user_hash of the session is not that of the user's password, though SECRET_KEY is right: the password was changed or rehashed since the login"+e.orOwnHash()+".",
			"Log in anew; if this happens to everybody, the model overrides get_session_auth_hash, which djauth.Options.AuthHash repeats, or password hashers differ.")
	case e.suspect && e.orOwnHash() == "":
		e.fault(AuthSecret, "The _auth_user_hash of the session was made with another SECRET_KEY, and so were those of all other sessions that were looked at.",
			"Give SECRET_KEY the value that the running Django has.")
	default:
		e.fault(AuthUnclear, "The _auth_user_hash of the session is not that of the user's password: either the password was changed since the login, or Django runs with another SECRET_KEY"+e.orOwnHash()+", and nothing here is signed that would tell which.",
			"Log in anew, and compare SECRET_KEY if it happens again.")
	}
}

// orOwnHash is a further cause of a hash that does not fit, where no profile says that the
// model makes Django's own.
func (e *exam) orOwnHash() string {
	if e.set.Profile != nil || strings.EqualFold(e.set.Auth.UserModel, "auth.User") {
		return ""
	}
	return fmt.Sprintf(", or AUTH_USER_MODEL, %s, overrides get_session_auth_hash", e.set.Auth.UserModel)
}

// ownHash is hash for a model that makes its own.
func (e *exam) ownHash() {
	const text = "The _auth_user_hash of the session is not what AuthHash, as the options or the profile give it, makes of the user"
	const change = "Log in anew; if this happens to everybody, see whether djsite.Options.AuthHash repeats get_session_auth_hash, or probe the site anew."
	if e.vouched {
		e.fault(AuthHash, text+", though SECRET_KEY is right: a field that it is made of was changed since the login, or the model makes it otherwise.", change)
		return
	}
	e.fault(AuthUnclear, text+": a field that it is made of was changed since the login, or the model makes it otherwise, or Django runs with another SECRET_KEY, and nothing here is signed that would tell which.", change)
}

// hashFits is for a session whose signature does not verify. It reports whether the
// session's hash matches: then SECRET_KEY is right.
func (e *exam) hashFits(d *serializer.Dict) (fits bool) {
	c, ok := claimOf(d)
	if !ok || !e.proves(c) {
		return false
	}
	e.within(func(ctx context.Context) {
		db, err := e.lab.Database(ctx, e.userAlias())
		if err != nil {
			return
		}
		users, err := e.usersIn(ctx, db, "")
		if err == nil {
			_, fits = e.is(ctx, users, c)
		}
	})
	return fits
}

// proves reports whether the hash of a claim can tell whose it is.
func (e *exam) proves(c claim) bool { return c.hash != "" && !e.auth.AuthHash.None && !e.unanswered }

// is reports whether a claim, with its hash, is that of a user, and with which key.
func (e *exam) is(ctx context.Context, users djauth.Users, c claim) (key int, ok bool) {
	id, err := users.IDKind().Parse(c.id)
	if err != nil {
		return 0, false
	}
	account, err := users.ByID(ctx, id)
	if err != nil {
		return 0, false
	}
	return e.hashOf(c, account)
}

// noUserTable is for an AUTH_USER_MODEL without a table.
func (e *exam) noUserTable(ctx context.Context, db *djsite.DB, c claim) {
	if e.otherModel(ctx, db, c) {
		return
	}
	change := "Give AUTH_USER_MODEL the model that the site really runs with, or name its table if the model has a db_table."
	if names, err := userTables(ctx, db); err == nil && len(names) > 0 {
		change = fmt.Sprintf("Give AUTH_USER_MODEL the model that the site really runs with, or name its table if the model has a db_table, as %s could be it.", names[0])
	}
	e.fault(UserTable, fmt.Sprintf("DATABASES[%q] (%s) has no table for AUTH_USER_MODEL, %s.", db.Settings.Alias, db.Settings, e.set.Auth.UserModel), e.orProbe(change))
}

// otherTable is for a table that is enough for Django but not for Go. err says what it
// lacks.
func (e *exam) otherTable(db *djsite.DB, err error) {
	e.fault(UserTable, fmt.Sprintf("The table of AUTH_USER_MODEL, %s, in DATABASES[%q] is not enough to tell who is logged in: %s.", e.set.Auth.UserModel, db.Settings.Alias, own(err)),
		e.orProbe("Say in djsite.Options.UserTable what the table does not, or open the sessions only (SessionsOnly)."))
}

// otherModel looks for the user in other tables that could be those of a user model, in all
// databases. If the session's hash proves a match, it adds a fault and returns true.
func (e *exam) otherModel(ctx context.Context, db *djsite.DB, c claim) bool {
	if !e.proves(c) {
		return false
	}
	for _, db := range append([]*djsite.DB{db}, e.otherDatabases(ctx, db.Settings.Alias)...) {
		names, err := userTables(ctx, db)
		if err != nil {
			continue
		}
		for _, name := range names {
			users, err := e.usersIn(ctx, db, name)
			if err != nil {
				continue
			}
			if _, ok := e.is(ctx, users, c); !ok {
				continue
			}
			e.fault(UserModel, fmt.Sprintf("The user of the session is in the table %s of DATABASES[%q], which is not that of AUTH_USER_MODEL, %s.", name, db.Settings.Alias, e.set.Auth.UserModel),
				"Give AUTH_USER_MODEL the model that the site really runs with, or name its table and database.")
			return true
		}
	}
	return false
}
