package census

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// reader says what a stored session is.
type reader struct {
	site   *djsite.Site
	signed bool
	keys   int
	// old reads the format before Django 3.1 where the Site of the walk does not.
	old *djsession.Site
	// signer and legacy find out which of several keys signed a session. Both are nil if
	// there is one key.
	signer *signer.TimestampSigner
	legacy *signer.MAC
}

// open returns the sessions of the site. They are read by every serializer, and from every
// format for which there are keys.
func open(ctx context.Context, site *djsite.Site) (iter.Seq2[djsession.Listed, error], *reader, error) {
	engine := site.Engine()
	if engine.Unlistable != "" {
		return nil, nil, fmt.Errorf("count the sessions: %w: %s", errors.ErrUnsupported, engine.Unlistable)
	}
	r := &reader{site: site, signed: engine.Signed, keys: 1}
	as := site.Sessions.Site()
	if engine.Signed {
		set := as.Settings()
		set.Serializer, set.LegacyHashing = payload.Any{}, false
		if err := r.open(set); err != nil {
			return nil, nil, err
		}
		// 3.2 is the last version that reads all formats. Where the end of a session is in
		// its data, the newest version reads it in every form.
		set.Django = djsession.DjangoVersion{Major: 3, Minor: 2}
		all, err := djsession.NewSite(set)
		switch {
		case err == nil && !engine.Decodes:
			as = all
		case err != nil && !errors.Is(err, signer.ErrNoKey):
			return nil, nil, err
		default:
			r.old = all
			set.Django = djsession.DjangoVersion{}
			if as, err = djsession.NewSite(set); err != nil {
				return nil, nil, err
			}
		}
	}
	store, err := site.StoreFor(ctx, as)
	if err != nil {
		return nil, nil, err
	}
	all, ok := djsession.Walk(ctx, store)
	if !ok {
		return nil, nil, fmt.Errorf("count the sessions: %w: this engine cannot list them", errors.ErrUnsupported)
	}
	return all, r, nil
}

// open counts the keys.
func (r *reader) open(set djsession.Settings) error {
	salt, legacySalt := payload.SaltPrefix+set.StoreClass, payload.LegacySalt(set.StoreClass)
	count := func(keySalt string, alg signer.Algorithm) (int, error) {
		keys, err := set.Keys.Derive(keySalt, alg)
		if errors.Is(err, signer.ErrNoKey) {
			err = nil
		}
		return len(keys), err
	}
	signs, err := count(signer.KeySalt(salt), signer.SHA256)
	if err != nil {
		return err
	}
	signsOld, err := count(signer.KeySalt(salt), signer.SHA1)
	if err != nil {
		return err
	}
	legacy, err := count(legacySalt, signer.SHA1)
	if err != nil {
		return err
	}
	if r.keys = max(signs, legacy, 1); r.keys == 1 {
		return nil
	}
	if signs > 0 {
		opts := signer.Options{Salt: salt, LegacySHA1: signsOld > 0, Limits: signer.Limits{MaxPayload: set.Limits.Payload}}
		if r.signer, err = signer.NewTimestamp(set.Keys, opts); err != nil {
			return err
		}
	}
	if legacy > 0 {
		r.legacy, err = signer.NewMAC(set.Keys, legacySalt, signer.SHA1)
	}
	return err
}

// fact returns what counts of l.
func (r *reader) fact(l *djsession.Listed, now time.Time) fact {
	record, err := l.Record, l.Err
	text, _ := r.site.Text(l.Version)
	if errors.Is(err, djsession.ErrLegacy) && r.old != nil {
		var d *serializer.Dict
		if d, err = r.old.Decode(text); err == nil {
			record = &djsession.Record{Data: d}
		}
	}
	f := fact{size: l.Size}
	if err != nil {
		f.state = why(err)
		return f
	}
	f.ends = record.Expires.UTC()
	if !f.ends.IsZero() && !f.ends.After(now) {
		f.state = expired
		return f
	}
	_, f.login = payload.UserID(record.Data)
	if payload.WasPickle(record.Data) {
		f.serializer = Pickled
	}
	f.format = Cached
	if r.signed {
		f.format, f.key = r.how(text)
	}
	return f
}

// why returns the state of a session that does not decode.
func why(err error) state {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, djsession.ErrUnavailable):
		return closed
	case errors.Is(err, signer.ErrNoSeparator), errors.Is(err, signer.ErrBadSignature):
		return noKey
	case errors.Is(err, signer.ErrMalformed), errors.Is(err, serializer.ErrSyntax), errors.Is(err, serializer.ErrNotDict):
		return noSession
	}
	return odd
}

// how returns the format of a text that verifies, and the number of the key that signed it.
func (r *reader) how(text string) (format Format, key int) {
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		if r.legacy != nil {
			if signature, data, ok := payload.CutLegacy(text); ok {
				key, _ = r.legacy.Verify(string(data), signature)
			}
		}
		return Legacy, key
	}
	if r.signer != nil {
		_, info, _ := r.signer.Unsign(text)
		key = info.Key
	}
	const sha1 = 27 // characters of base64
	if len(text)-colon-1 == sha1 {
		return SHA1, key
	}
	return Current, key
}
