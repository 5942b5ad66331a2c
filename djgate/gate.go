package djgate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
)

// Options are the options of [New]. The zero value is good.
type Options struct {
	// Headers are the names of the headers that tell the upstream who the user is.
	Headers Headers
	// CSRFCookie is CSRF_COOKIE_NAME, a cookie that no upstream gets; default "csrftoken".
	CSRFCookie string
	// Origins are further origins ("https://app.example.org") whose pages may open websockets
	// through [Gate.Proxy]. The default is the origin of the request itself.
	Origins []string
	// Stale is how long the Gate remembers who a cookie belongs to; default 0, not at all.
	// For that long it does not notice a logout. It never remembers a verdict.
	Stale time.Duration
	// Observe is called with each verdict; default none.
	Observe func(ctx context.Context, v Verdict)
}

// Headers are names of headers with an identity. A "-" leaves one out.
type Headers struct {
	User   string // username; default Remote-User
	Email  string // default Remote-Email
	Name   string // first and last name; default Remote-Name
	Groups string // names of groups, divided by commas; default Remote-Groups
}

// Verdict is what a Gate says about one request.
type Verdict struct {
	// Status is 200 for a request that may pass, 401 for one that needs a login, 403 for one
	// that is not allowed, 400 for one that has no certain meaning, and 500 or 503 if nobody
	// can tell.
	Status int
	// Line is the line of the rule that decided; 0 if no rule matched.
	Line int
	// Err says why Status is 400, 500 or 503.
	Err error
}

// Gate decides which requests may pass. It is safe for concurrent use.
type Gate struct {
	auth  *djauth.Auth
	opts  Options
	names []identityHeader
	// hidden are the cookies that no upstream gets.
	hidden []string
	rules  atomic.Pointer[Rules]
	memory *memory // nil without Stale
}

// New returns a Gate for the logins of auth. opts may be nil.
//
// The Gate must not write sessions: auth must have djauth.Options.ReadOnly, and the sessions
// must not have djsession.Settings.SaveEveryRequest. A site that has it prolongs a session at
// its own requests, and not at those that only pass the Gate.
//
// Errors: djsession.ErrConfig.
func New(auth *djauth.Auth, rules *Rules, opts *Options) (*Gate, error) {
	g := &Gate{auth: auth}
	if opts != nil {
		g.opts = *opts
	}
	switch {
	case auth == nil || rules == nil:
		return nil, fmt.Errorf("djgate: %w: it needs an Auth and Rules", djsession.ErrConfig)
	case !auth.ReadOnly():
		return nil, fmt.Errorf("djgate: %w: the Auth must have ReadOnly", djsession.ErrConfig)
	case auth.Manager().Site().Settings().SaveEveryRequest:
		return nil, fmt.Errorf("djgate: %w: the sessions must not have SaveEveryRequest", djsession.ErrConfig)
	case g.opts.Stale < 0 || g.opts.Stale > 0 && auth.Judged():
		return nil, fmt.Errorf("djgate: %w: a site with a Judge decides by each request, so that Stale must be 0", djsession.ErrConfig)
	}
	set := auth.Manager().Site().Settings()
	if g.opts.CSRFCookie == "" {
		g.opts.CSRFCookie = "csrftoken"
	}
	g.hidden = []string{set.CookieName, g.opts.CSRFCookie}
	for i, o := range g.opts.Origins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			return nil, fmt.Errorf("djgate: %w: origin %d is not of the form https://example.org", djsession.ErrConfig, i+1)
		}
	}
	var err error
	if g.names, err = g.opts.Headers.list(); err != nil {
		return nil, err
	}
	if g.opts.Stale > 0 {
		g.memory = newMemory(g.opts.Stale)
	}
	g.rules.Store(rules)
	return g, nil
}

// SetRules replaces the rules for the requests that begin from now on. It does not cut
// streams that have begun.
func (g *Gate) SetRules(rules *Rules) { g.rules.Store(rules) }

// target is what a client asked for.
type target struct {
	method, host, path string // path is as sent, without the query
	overrides          []string
}

// newTarget returns the target of a request for uri ("/path?query").
func newTarget(method, host, uri string, h http.Header) (target, error) {
	t := target{method: method, path: uri}
	t.path, _, _ = strings.Cut(uri, "?")
	name := strings.ToLower(host)
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.HasSuffix(name, "]") {
		if name[i+1:] == "" || strings.Trim(name[i+1:], "0123456789") != "" {
			return t, ErrTarget
		}
		name = name[:i]
	}
	t.host = strings.TrimSuffix(name, ".")
	if t.host == "" || strings.ContainsAny(t.host, "/\\@?#% \t,") || method == "" || strings.Trim(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		return t, ErrTarget
	}
	// Frameworks take one of these for the method of a POST.
	for _, name := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"} {
		for _, v := range h[name] {
			t.overrides = append(t.overrides, strings.ToUpper(strings.TrimSpace(v)))
		}
	}
	return t, nil
}

// rulesFor returns the rules for all readings of t, each once; nil stands for no rule.
func (rules *Rules) rulesFor(t target) ([]*rule, error) {
	paths, err := readings(t.path)
	if err != nil {
		return nil, err
	}
	var all []*rule
	for _, method := range append([]string{t.method}, t.overrides...) {
		for _, path := range paths {
			if r := rules.find(method, t.host, path); !slices.Contains(all, r) {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// Check returns the verdict of the rules about a request for rawURL: whether everybody may
// see it (200), a login is needed (401), or nobody may (403). It looks up nothing. line is that
// of the rule that decides, or 0.
//
// Errors: [ErrTarget].
func (rules *Rules) Check(method, rawURL string) (status, line int, err error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return http.StatusBadRequest, 0, ErrTarget
	}
	_, path, _ := strings.Cut(rawURL, "//")
	if i := strings.IndexByte(path, '/'); i >= 0 {
		path = path[i:]
	} else {
		path = "/"
	}
	t, err := newTarget(method, u.Host, path, nil)
	if err != nil {
		return http.StatusBadRequest, 0, err
	}
	all, err := rules.rulesFor(t)
	if err != nil {
		return http.StatusBadRequest, 0, err
	}
	status = http.StatusOK
	for _, r := range all {
		switch {
		case r == nil || r.is(whoDeny):
			line = 0
			if r != nil {
				line = r.line
			}
			return http.StatusForbidden, line, nil
		case !r.is(whoPublic) && !r.is(whoAnyone):
			status, line = http.StatusUnauthorized, r.line
		case line == 0:
			line = r.line
		}
	}
	return status, line, nil
}

func (r *rule) is(kind string) bool { return r.who[0].kind == kind }

// visit is a request that was judged.
type visit struct {
	Verdict
	id *djauth.Identity // nil if nobody was asked
	// fields are the values of the identity headers.
	fields map[string]string
	// ctx is watched, and stop ends the watching; nil if not asked for.
	ctx  context.Context
	stop context.CancelFunc
	// login is the URL of the login page.
	login string
}

// judge decides about r, whose method, URL and host are those that the client asked for.
// uri is the target as the client sent it. With watch the visit has a context that ends with
// the login.
func (g *Gate) judge(r *http.Request, uri string, watch bool) (v visit) {
	defer func() {
		if g.opts.Observe != nil {
			g.opts.Observe(r.Context(), v.Verdict)
		}
	}()
	t, err := newTarget(r.Method, r.Host, uri, r.Header)
	var all []*rule
	if err == nil {
		all, err = g.rules.Load().rulesFor(t)
	}
	if err != nil {
		v.Status, v.Err = http.StatusBadRequest, err
		return v
	}
	ask := false
	for _, r := range all {
		if r == nil || r.is(whoDeny) {
			v.Status = http.StatusForbidden
			if r != nil {
				v.Line = r.line
			}
			return v
		}
		v.Line = r.line
		ask = ask || !r.is(whoPublic)
	}
	v.Status = http.StatusOK
	if !ask {
		return v
	}
	use := func(ctx context.Context, id *djauth.Identity) {
		v.id = id
		v.Verdict = decide(ctx, id, all)
		if v.Err == nil && v.Status == http.StatusOK && id.IsAuthenticated() {
			if v.fields, v.Err = g.fields(ctx, id); v.Err != nil {
				v.Status = djsession.ErrorStatus(v.Err)
			}
		}
	}
	key := g.memory.key(r, g.auth.Manager().Site().Settings())
	if id := g.memory.get(key); id != nil && !watch {
		use(r.Context(), id)
		return v
	}
	asked := time.Now()
	g.within(r, func(ctx context.Context) {
		id, err := djauth.User(ctx)
		if err != nil {
			v.Status, v.Err = djsession.ErrorStatus(err), err
			return
		}
		g.memory.put(key, id, asked)
		use(ctx, id)
		switch {
		case v.Status == http.StatusUnauthorized:
			v.login = g.auth.LoginURL(requestOf(ctx))
		case v.Status == http.StatusOK && watch && id.IsAuthenticated():
			if v.ctx, v.stop, err = g.auth.Watch(ctx); err != nil {
				v.Status, v.Err = djsession.ErrorStatus(err), err
				if errors.Is(err, djauth.ErrAnonymous) { // since a moment
					v.Status = http.StatusUnauthorized
				}
			}
		}
	})
	return v
}

// decide applies the rules to somebody. All of them must allow the request.
func decide(ctx context.Context, id *djauth.Identity, all []*rule) Verdict {
	v := Verdict{Status: http.StatusOK}
	for _, r := range all {
		v.Line = r.line
		if r.is(whoPublic) || r.is(whoAnyone) {
			continue
		}
		if !id.IsAuthenticated() {
			v.Status = http.StatusUnauthorized
			return v
		}
		ok, err := r.allows(ctx, id)
		if err != nil {
			v.Status, v.Err = djsession.ErrorStatus(err), err
			return v
		}
		if !ok {
			v.Status = http.StatusForbidden
			return v
		}
	}
	return v
}

// allows reports whether r lets a logged-in user pass.
func (r *rule) allows(ctx context.Context, id *djauth.Identity) (bool, error) {
	var failed error
	for _, w := range r.who {
		ok := false
		var err error
		switch w.kind {
		case whoLogin:
			ok = true
		case whoStaff:
			ok = id.IsActive() && id.IsStaff()
		case whoSuperuser:
			ok = id.IsActive() && id.IsSuperuser()
		case whoUser:
			ok = id.Name() == w.name
		case whoGroup:
			var groups []string
			groups, err = id.Groups(ctx)
			ok = slices.Contains(groups, w.name)
		case whoPerm:
			ok, err = id.HasPerm(ctx, w.name)
		}
		if err == nil && ok {
			return true, nil
		}
		failed = errors.Join(failed, err)
	}
	return false, failed
}

// requestKey is the key of the request in its own context.
type requestKey struct{}

func requestOf(ctx context.Context) *http.Request { return ctx.Value(requestKey{}).(*http.Request) }

// within calls fn with the context of r inside of the middleware of sessions and logins. What
// the middleware answers is thrown away: a Gate writes no session and sets no cookie.
func (g *Gate) within(r *http.Request, fn func(ctx context.Context)) {
	inner := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fn(context.WithValue(r.Context(), requestKey{}, r))
	})
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = http.NoBody, 0
	g.auth.Manager().Middleware(g.auth.Middleware(inner)).ServeHTTP(nowhere{}, r)
}

// nowhere is a ResponseWriter that keeps nothing.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}
