// Package hashers is django.contrib.auth.hashers. It checks passwords against the hashes
// that Django 1.8 to 6.1 keeps in auth_user.password, and makes hashes that Django
// checks.
//
//	list, err := hashers.ForDjango(djsession.DjangoVersion{Major: 5, Minor: 2})
//	passwords, err := hashers.New(list, nil)
//	ok, upgrade, err := passwords.Check(ctx, password, encoded)
//
// Shapes: a password is UTF-8 text. It is hashed as it is, neither trimmed nor
// normalised. An encoded password is the text in the column: the algorithm, its
// parameters, the salt and the hash, separated by dollar signs. An unusable one begins
// with an exclamation mark.
//
// Errors: a wrong password is no error, and neither is an unusable one. An error means
// that no password can be checked against this hash. Write it to a log, and answer the
// visitor as for a wrong password. Where Django answers such a hash with a server error,
// this package returns [ErrMalformed].
//
// # Compatibility
//
// Only the hashers in the site's PASSWORD_HASHERS check a hash, with the parameters in
// the hash. Where Django returns False the result here is false, with or without an
// error. The package has all hashers of Django but these, which are [ErrUnsupported]:
//
//   - crypt, the DES crypt of the C library, removed in Django 5.0;
//   - argon2d, which no Django ever wrote but 3.2 and later check, and Argon2 of a
//     version before 1.3.
//
// # Security
//
// The parameters come from the database. [Limits] bound their cost before anything is
// computed, and [Options.Parallel] bounds how many hashes are computed at once. A hash that
// takes more than twice as long as its hasher's own waits in a line for such hashes, which
// are computed one at a time beside the others. So a few of them do not stop all logins.
//
// Unlike Django before 4.2.14, a hash that cannot be checked takes the time of the site's
// first hasher. For a user who does not exist call [Passwords.Dummy], which takes the same
// time. A hash of another algorithm than the first takes that algorithm's time, as in
// Django.
//
// No error contains a password, a hash, a salt or the name of an unknown algorithm, which
// may be a password that somebody stored bare.
package hashers

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/djsession"
)

// Errors of hashes, to be matched by [errors.Is].
var (
	// ErrUnknownAlgorithm: no hasher of the site has the algorithm of this hash, or the
	// text is no hash at all. In Django it is the ValueError of identify_hasher.
	ErrUnknownAlgorithm = errors.New("hashers: no hasher of the site for this hash")
	// ErrMalformed: the algorithm is known, but no password has such a hash.
	ErrMalformed = errors.New("hashers: malformed hash")
	// ErrUnsupported: Django may be able to check this hash, but this package is not.
	ErrUnsupported = errors.New("hashers: kind of hash that Go's libraries lack")
	// ErrTooCostly: the parameters in the hash are beyond [Limits], or do not fit into an
	// int32.
	ErrTooCostly = errors.New("hashers: hash too costly to check")
	// ErrPassword: bcrypt cannot keep this password, because it is longer than 72 bytes
	// or holds a NUL. Only Make and Encode return it.
	ErrPassword = errors.New("hashers: password that bcrypt cannot keep")
)

// Hasher is one entry of PASSWORD_HASHERS with its parameters: a BasePasswordHasher.
// [PBKDF2], [Argon2], [BCrypt], [Scrypt], [Digest] and [Crypt] are Django's. A site with a hasher of
// its own must implement it here too.
//
// For implementers: many goroutines call the methods at once. The methods must not panic
// on any encoded text, and their errors must not contain a part of their arguments.
type Hasher interface {
	// Algorithm is the attribute algorithm: the text before the first dollar sign.
	Algorithm() string

	// Encode is encode(password, salt()): it returns the hash of a password, with this
	// Hasher's parameters and a new salt.
	Encode(password string) (string, error)

	// Verify is verify: it reports whether encoded is a hash of password, by the
	// parameters in encoded. The comparison takes constant time. Errors: [ErrMalformed],
	// [ErrUnsupported], and [ErrTooCostly] before anything is computed.
	Verify(password, encoded string, limits Limits) (bool, error)

	// MustUpdate is must_update: it reports whether encoded, which has this algorithm,
	// has other parameters than this Hasher. Errors: [ErrMalformed], [ErrUnsupported], and
	// [ErrTooCostly] for a number beyond all limits.
	MustUpdate(encoded string) (bool, error)

	// HardenRuntime is harden_runtime: if [Hasher.Verify] of encoded was faster than a hash with
	// this Hasher's parameters, it spends the rest of the time. It does nothing if that
	// time is unknown.
	HardenRuntime(password, encoded string)
}

// Options are the optional settings of [New].
type Options struct {
	// Limits bound the cost of a hash from the database.
	Limits Limits
	// Upgrade lets Check report that a password needs a new hash. Without it Check never
	// does.
	//
	// Unlike Django, it is off by default: a new hash is a new encoded password, which
	// ends all other sessions of the user. And if this list is not exactly the site's, Go
	// and Django rewrite each other's hashes at every login.
	Upgrade bool
	// Parallel is the number of passwords that are hashed at once, beside one whose hash
	// takes longer than twice the time of its hasher's own. Others wait. 0 is GOMAXPROCS:
	// more would only take memory, 100 MB each with [Argon2].
	Parallel int
}

// Passwords checks and makes the passwords of one site. It is safe for concurrent
// use.
type Passwords struct {
	hashers []Hasher
	limits  Limits
	upgrade bool
	slots   chan struct{} // for hashes that take an ordinary time
	slow    chan struct{} // for those that take longer
}

// New returns the [Passwords] of a site with these PASSWORD_HASHERS. The first one makes
// new hashes; see [ForDjango]. New copies the slice.
//
// Errors: [djsession.ErrConfig] if there is no hasher, or if [Options.Limits] or its
// algorithm forbid a hasher's own hashes. The latter is also [ErrTooCostly].
func New(hashers []Hasher, opts *Options) (*Passwords, error) {
	if opts == nil {
		opts = &Options{}
	}
	if len(hashers) == 0 {
		return nil, fmt.Errorf("%w: no password hashers", djsession.ErrConfig)
	}
	if opts.Parallel < 0 {
		return nil, fmt.Errorf("%w: negative number of parallel password hashes", djsession.ErrConfig)
	}
	limits := opts.Limits
	for _, h := range hashers {
		if h, ok := h.(interface{ check(Limits) error }); ok {
			if err := h.check(limits); err != nil {
				return nil, fmt.Errorf("%w: parameters of a password hasher: %w", djsession.ErrConfig, err)
			}
		}
	}
	parallel := opts.Parallel
	if parallel == 0 {
		parallel = runtime.GOMAXPROCS(0)
	}
	return &Passwords{
		hashers: append([]Hasher(nil), hashers...), limits: limits, upgrade: opts.Upgrade,
		slots: make(chan struct{}, parallel), slow: make(chan struct{}, 1),
	}, nil
}

// Check is check_password (verify_password). ok reports whether encoded is a hash of
// password. upgrade reports whether [Passwords.Make] should replace it, because the site's first
// hasher makes different hashes. Without [Options.Upgrade] it is always false.
//
// Errors, with which ok is false: [ErrUnknownAlgorithm], [ErrMalformed], [ErrUnsupported],
// [ErrTooCostly], or the context's if it ended before the hash began, or between two hashes:
// Check may compute a second one to take the time of the site's first hasher. A hash that
// has begun is not interrupted.
func (p *Passwords) Check(ctx context.Context, password, encoded string) (ok, upgrade bool, err error) {
	if !IsUsable(encoded) {
		return false, false, p.Dummy(ctx, password)
	}
	ordinary := p.limits
	ordinary.ordinary = true
	ok, update, err := p.verify(ctx, p.slots, password, encoded, ordinary)
	if errors.Is(err, ErrTooCostly) {
		ok, update, err = p.verify(ctx, p.slow, password, encoded, p.limits)
	}
	if err != nil {
		if ctxErr := p.Dummy(ctx, password); ctxErr != nil {
			err = ctxErr
		}
		return false, false, err
	}
	return ok, ok && update && p.upgrade, nil
}

// verify checks encoded when there is room in the line slots.
func (p *Passwords) verify(ctx context.Context, slots chan struct{}, password, encoded string, limits Limits) (ok, update bool, err error) {
	if err := enter(ctx, slots); err != nil {
		return false, false, err
	}
	defer leave(slots)
	hasher, err := p.Identify(encoded)
	if err != nil {
		return false, false, err
	}
	preferred := p.hashers[0]
	changed := hasher.Algorithm() != preferred.Algorithm()
	update = changed
	if !changed {
		if update, err = preferred.MustUpdate(encoded); err != nil {
			return false, false, err
		}
	}
	if ok, err = hasher.Verify(password, encoded, limits); err != nil {
		return false, false, err
	}
	if !ok && !changed && update {
		if err := ctx.Err(); err != nil {
			return false, false, fmt.Errorf("check password: %w", err)
		}
		preferred.HardenRuntime(password, encoded)
	}
	return ok, update, nil
}

// Make is make_password: it returns a hash of password by the site's first hasher, with a
// new salt.
//
// Errors: [ErrPassword], [ErrUnsupported], or the context's if it ended before the hash
// began.
func (p *Passwords) Make(ctx context.Context, password string) (string, error) {
	if err := enter(ctx, p.slots); err != nil {
		return "", err
	}
	defer leave(p.slots)
	return p.hashers[0].Encode(password)
}

// Dummy takes the time of [Passwords.Make] and does nothing else. Call it at a login for a user who
// does not exist, so that the time does not reveal who exists. ModelBackend.authenticate
// does this by set_password.
//
// Errors: the context's if it ended before.
func (p *Passwords) Dummy(ctx context.Context, password string) error {
	if err := enter(ctx, p.slots); err != nil {
		return err
	}
	defer leave(p.slots)
	p.spend(password)
	return nil
}

// spend takes the time of the first hasher, even if that refuses to hash the password.
func (p *Passwords) spend(password string) {
	if _, err := p.hashers[0].Encode(password); err != nil {
		_, _ = p.hashers[0].Encode("a password that every hasher takes")
	}
}

func enter(ctx context.Context, slots chan struct{}) error {
	// If both are ready, select alone picks at random.
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait for other passwords: %w", err)
	}
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for other passwords: %w", ctx.Err())
	}
}

func leave(slots chan struct{}) { <-slots }

// Identify is identify_hasher: it returns the hasher of the site that made encoded.
//
// Errors: [ErrUnknownAlgorithm].
func (p *Passwords) Identify(encoded string) (Hasher, error) {
	algorithm, _, _ := strings.Cut(encoded, "$")
	switch runes := utf8.RuneCountInString(encoded); {
	case runes == 32 && !strings.Contains(encoded, "$"), runes == 37 && strings.HasPrefix(encoded, "md5$$"):
		algorithm = "unsalted_md5"
	case runes == 46 && strings.HasPrefix(encoded, "sha1$$"):
		algorithm = "unsalted_sha1"
	}
	// As in Django's dict of hashers, the last one of an algorithm counts.
	for i := len(p.hashers) - 1; i >= 0; i-- {
		if p.hashers[i].Algorithm() == algorithm {
			return p.hashers[i], nil
		}
	}
	return nil, ErrUnknownAlgorithm
}

// IsUsable is is_password_usable: it reports whether encoded is not one of
// set_unusable_password.
//
// Unlike Django before 2.1, a hash of an unknown algorithm counts as usable.
func IsUsable(encoded string) bool { return !strings.HasPrefix(encoded, "!") }

// Unusable is make_password(None): it returns an encoded password that no password fits.
// Each call returns a different one, so that it also ends the user's sessions.
func Unusable() string { return "!" + randomString(40) }
