package djauth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

const djangosHashSalt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"

// AuthHash says what get_session_auth_hash of the user model does. The zero value is
// Django's own method: an HMAC of the encoded password.
type AuthHash struct {
	// Salt is the key salt of salted_hmac; default Django's own.
	Salt string
	// Algorithm is the one of salted_hmac, by its name in hashlib. Write "sha1" for a method
	// that names none, on every version of Django. The default is what Django's own method
	// uses: SHA-1 before Django 3.1, later SHA-256, or DEFAULT_HASHING_ALGORITHM.
	Algorithm string
	// Fields are the fields whose text is hashed, one after the other; default "password".
	// Each is password, email, username, first_name, last_name or pk, or a column in
	// [Account].Extra. Text, integers and booleans are written as str does. An account with
	// NULL in one of them fits no session.
	Fields []string
	// Text returns the text that is hashed. It replaces Fields. An account for which it
	// returns "" fits no session.
	Text func(a *Account) string
	// Fallbacks says that the model overrides get_session_auth_fallback_hash too, so that
	// its hash is checked with SECRET_KEY_FALLBACKS. Without it, a fallback key fits Django's
	// own hash only, as in Django.
	Fallbacks bool
	// Sums returns the hash as hexadecimal text, and after it those of
	// get_session_auth_fallback_hash, for a method that is no salted_hmac. It replaces all
	// fields above. An account for which it returns nothing fits no session.
	Sums func(a *Account) []string
	// None is for a model without this method. As in Django, a session is then not compared
	// with the account at all, and a new password ends none. Login is refused from Django 6.1
	// on, whose login needs the method.
	None bool
}

// IsZero reports whether h is Django's own method.
func (h AuthHash) IsZero() bool {
	return h.Salt == "" && h.Algorithm == "" && len(h.Fields) == 0 && h.Text == nil && h.Sums == nil && !h.None && !h.Fallbacks
}

// check refuses two answers to one question.
func (h *AuthHash) check() error {
	texts := 0
	for _, given := range []bool{len(h.Fields) > 0, h.Text != nil, h.Sums != nil, h.None} {
		if given {
			texts++
		}
	}
	switch {
	case texts > 1:
		return fmt.Errorf("%w: AuthHash has more than one of Fields, Text, Sums and None", djsession.ErrConfig)
	case (h.Sums != nil || h.None) && (h.Salt != "" || h.Algorithm != "" || h.Fallbacks):
		return fmt.Errorf("%w: AuthHash with Sums or None has no use for Salt, Algorithm and Fallbacks", djsession.ErrConfig)
	case slices.Contains(h.Fields, ""):
		return fmt.Errorf("%w: AuthHash.Fields has an empty name", djsession.ErrConfig)
	}
	return nil
}

// fields returns the fields that are hashed, as far as h says.
func (h *AuthHash) fields() []string {
	switch {
	case h.Text != nil, h.Sums != nil, h.None:
		return nil
	case len(h.Fields) > 0:
		return h.Fields
	}
	return []string{"password"}
}

// hashes are the hashes of one site.
type hashes struct {
	as     AuthHash
	mac    *signer.MAC // get_session_auth_hash
	tries  []try       // further ones that Django accepts
	needed bool        // by login
}

// try is a hash of Django's own that it accepts besides the present one.
type try struct {
	mac       *signer.MAC
	fallbacks bool // only those of fallback keys
	stays     bool // Django does not renew it
}

// newHashes chooses how hashes are made. Django's own is SHA-1 before Django 3.1; 3.1 and
// 3.2 read both, also for a model that makes its own.
func newHashes(set djsession.Settings, as AuthHash) (*hashes, error) {
	if err := as.check(); err != nil {
		return nil, err
	}
	as.Fields = slices.Clone(as.Fields)
	h := &hashes{as: as, needed: !set.Django.Before(6, 1)}
	if as.Sums != nil || as.None {
		return h, nil
	}
	djangos, legacy := signer.SHA256, false
	switch v := set.Django; {
	case v.Before(3, 1):
		djangos = signer.SHA1
	case v.Before(4, 0):
		legacy = true
		if set.LegacyHashing {
			djangos = signer.SHA1
		}
	}
	salt, alg := djangosHashSalt, djangos
	if as.Salt != "" {
		salt = as.Salt
	}
	if as.Algorithm != "" {
		var err error
		if alg, err = signer.ParseAlgorithm(as.Algorithm); err != nil {
			return nil, fmt.Errorf("%w: AuthHash.Algorithm: %w", djsession.ErrConfig, err)
		}
	}
	var err error
	if h.mac, err = signer.NewMAC(set.Keys, salt, alg); err != nil {
		return nil, fmt.Errorf("make session auth hashes: %w", err)
	}
	further := func(alg signer.Algorithm, t try) error {
		// One derived key is enough.
		mac, err := signer.NewMAC(set.Keys, djangosHashSalt, alg)
		if err != nil && !errors.Is(err, signer.ErrNoKey) {
			return fmt.Errorf("read session auth hashes: %w", err)
		}
		if err == nil {
			t.mac = mac
			h.tries = append(h.tries, t)
		}
		return nil
	}
	if !as.IsZero() && !as.Fallbacks {
		err = further(djangos, try{fallbacks: true})
	}
	if err == nil && legacy {
		other := signer.SHA1
		if alg == signer.SHA1 && as.IsZero() {
			other = signer.SHA256
		}
		err = further(other, try{stays: true})
	}
	return h, err
}

// text returns what is hashed. ok is false for an account that can have no hash.
func (h *hashes) text(a *Account) (text string, ok bool) {
	switch {
	case h.as.Text != nil:
		text = h.as.Text(a)
		return text, text != ""
	case len(h.as.Fields) == 0:
		return a.Password.Reveal(), true
	}
	var b strings.Builder
	for _, name := range h.as.Fields {
		part, ok := fieldText(a, name)
		if !ok {
			return "", false
		}
		b.WriteString(part)
	}
	return b.String(), b.Len() > 0
}

// fieldText is str(getattr(user, name)) for the fields of an AuthHash.
func fieldText(a *Account, name string) (text string, ok bool) {
	if v, ok := a.Extra[name]; ok {
		switch v := v.(type) {
		case string:
			return v, true
		case int64:
			return strconv.FormatInt(v, 10), true
		case int32:
			return strconv.Itoa(int(v)), true
		case int16:
			return strconv.Itoa(int(v)), true
		case bool:
			if v {
				return "True", true
			}
			return "False", true
		}
		return "", false
	}
	switch name {
	case "password":
		return a.Password.Reveal(), true
	case "email":
		return a.Email, true
	case "username":
		return a.Name, true
	case "first_name":
		return a.FirstName, true
	case "last_name":
		return a.LastName, true
	case "pk":
		return a.ID, true
	}
	return "", false
}

// sum is get_session_auth_hash. The error is djsession.ErrConfig.
func (h *hashes) sum(a *Account) (string, error) {
	switch {
	case h.as.None && h.needed:
		return "", fmt.Errorf("make the session's hash: %w: login of Django 6.1 needs a get_session_auth_hash, and AuthHash.None says that the model has none", djsession.ErrConfig)
	case h.as.None:
		return "", nil
	case h.as.Sums != nil:
		if sums := h.as.Sums(a); len(sums) > 0 && sums[0] != "" {
			return sums[0], nil
		}
	default:
		if text, ok := h.text(a); ok {
			return h.mac.HexSum(text), nil
		}
	}
	return "", fmt.Errorf("make the session's hash: %w: Options.AuthHash gives this account none", djsession.ErrConfig)
}

// verify reports whether Django accepts the hash of a session for the account, and whether
// it then makes it anew.
func (h *hashes) verify(a *Account, hash string) (ok, renew bool) {
	switch {
	case h.as.None:
		return true, false
	case hash == "":
		return false, false
	case h.as.Sums != nil:
		for i, sum := range h.as.Sums(a) {
			if sum != "" && subtle.ConstantTimeCompare([]byte(sum), []byte(hash)) == 1 {
				return true, i > 0
			}
		}
		return false, false
	}
	// A key other than the first is a fallback key.
	if text, ok := h.text(a); ok {
		if key, err := h.mac.Verify(text, hash); err == nil && (key == 0 || h.as.IsZero() || h.as.Fallbacks) {
			return true, key > 0
		}
	}
	for _, t := range h.tries {
		if !h.as.IsZero() && a.Password.IsZero() {
			break // the model may have none
		}
		if key, err := t.mac.Verify(a.Password.Reveal(), hash); err == nil && (key > 0 || !t.fallbacks) {
			return true, !t.stays
		}
	}
	return false, false
}

// Fits reports whether Django accepts the hash of a session (_auth_user_hash) for an account,
// and whether it then makes it anew, as it does if a fallback key made it. Of set only Keys,
// Django and LegacyHashing matter. a must have the columns of h.
//
// Errors: djsession.ErrConfig, signer.ErrNoKey.
func (h AuthHash) Fits(set djsession.Settings, a *Account, hash string) (fits, renew bool, err error) {
	all, err := newHashes(set, h)
	if err != nil {
		return false, false, err
	}
	fits, renew = all.verify(a, hash)
	return fits, renew, nil
}

// missing refuses an AuthHash of fields that users do not read.
func (h *hashes) missing(users Users) error {
	reads, ok := As[FieldReader](users)
	if !ok {
		return nil
	}
	for _, name := range h.as.fields() {
		switch {
		case reads.ReadsField(name):
		case name == "password":
			return fmt.Errorf("%w: the user model has no password, of which Django's own get_session_auth_hash is made: say in Options.AuthHash what the model's own is made of", djsession.ErrConfig)
		default:
			return fmt.Errorf("%w: AuthHash is made of %q, which the Users do not read: add its column to their Options.Extra", djsession.ErrConfig, name)
		}
	}
	return nil
}

// reportHash tells the operator: if no hash ever fits, the key is wrong.
func (a *Auth) reportHash(ctx context.Context) {
	const loud = 5
	level := slog.LevelDebug
	if n := a.bad.Add(1); n <= loud && !a.good.Load() {
		level = slog.LevelWarn
	}
	a.log(ctx, level, "djauth: a session's hash does not fit its user. If this happens to everybody, the SECRET_KEY is not that of the Django site, or its user model makes the hash otherwise (Options.AuthHash)")
}
