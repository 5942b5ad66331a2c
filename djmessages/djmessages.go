package djmessages

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"

	"github.com/go-djsession/go-djsession/djsession"
)

// Storage is a class that MESSAGE_STORAGE may name.
type Storage uint8

// The storages of django.contrib.messages.storage.
const (
	// Fallback is fallback.FallbackStorage, the default: the cookie, and the session for
	// messages that do not fit.
	Fallback Storage = iota
	// Session is session.SessionStorage.
	Session
	// Cookie is cookie.CookieStorage.
	Cookie
)

// Options are the settings of messages. The zero value means Django's defaults.
type Options struct {
	// Storage is MESSAGE_STORAGE; default Fallback.
	Storage Storage
	// Level is MESSAGE_LEVEL: messages below it are not recorded. Default [LevelInfo]. To
	// record all, set it to 1; Django uses 0.
	Level Level
	// Tags is MESSAGE_TAGS: tags of levels in place of Django's own.
	Tags map[Level]string
}

// Framework is django.contrib.messages with the settings of one site. It is safe for
// concurrent use.
type Framework struct {
	m       *djsession.Manager
	set     djsession.Settings
	storage Storage
	level   Level
	tags    *tags
	json    messageJSON
	cookie  *cookieFormat // nil for Session
}

// New returns the [Framework] of the site of m. opts may be nil. The attributes of the
// cookie, the keys, limits, clock and Django version are those of the site's Settings.
//
// Errors: [djsession.ErrConfig], and signer.ErrNoKey if the [Storage] uses the cookie, but
// the site has only derived keys and none for it. Session needs no key.
func New(m *djsession.Manager, opts *Options) (*Framework, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Storage > Cookie {
		return nil, fmt.Errorf("%w: Storage is not one of djmessages", djsession.ErrConfig)
	}
	if o.Level == 0 {
		o.Level = LevelInfo
	}
	set := m.Site().Settings()
	f := &Framework{m: m, set: set, storage: o.Storage, level: o.Level, tags: defaultTags}
	f.json = newMessageJSON(&set)
	if len(o.Tags) > 0 {
		f.tags = &tags{maps.Clone(defaultTags.of)}
		maps.Copy(f.tags.of, o.Tags)
	}
	if o.Storage != Session {
		var err error
		if f.cookie, err = newCookieFormat(m.Site(), f.json); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// Middleware is Django's MessageMiddleware. It must be inside of the Middleware of a
// [djsession.Manager]; of several ones the innermost counts. Without one, adding and
// reading messages returns [djsession.ErrNoSession].
func (f *Framework) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if q, ok := ctx.Value(contextKey{}).(*request); ok && q.f == f { // at work already
			next.ServeHTTP(w, r)
			return
		}
		q := &request{f: f, ctx: ctx, header: r.Header, level: f.level}
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, contextKey{}, q)))
	})
}

// contextKey is the key of the *request of Middleware.
type contextKey struct{}

// of returns the *request that Middleware put into ctx.
func of(ctx context.Context) (*request, error) {
	q, ok := ctx.Value(contextKey{}).(*request)
	if !ok {
		return nil, ErrNoMiddleware
	}
	return q, nil
}

func (f *Framework) log(ctx context.Context, level slog.Level, msg string, args ...any) {
	l := f.set.Logger
	if l == nil {
		l = slog.Default()
	}
	l.Log(ctx, level, msg, args...)
}
