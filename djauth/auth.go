package djauth

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// The keys of request.session that make a login: SESSION_KEY, BACKEND_SESSION_KEY
// and HASH_SESSION_KEY of django.contrib.auth.
const (
	SessionKey        = "_auth_user_id"
	BackendSessionKey = "_auth_user_backend"
	HashSessionKey    = "_auth_user_hash"
)

const (
	defaultWatch, defaultGrace = 5 * time.Second, time.Minute
	defaultUserCacheSize       = 10_000
)

// Options are the settings of a site's login. The zero value of each is Django's
// default.
type Options struct {
	// Backends is AUTHENTICATION_BACKENDS; default ModelBackend alone.
	Backends []string
	// OwnBackends says what backends do that are not Django's own. Each key is one of
	// Backends; its value is the backend of Django's that it behaves like. A child of
	// ModelBackend that only looks users up in another way is ModelBackend. One that
	// only counts is BaseBackend. A backend that is neither Django's own nor a key here is
	// unknown: it logs nobody in, and Authenticate returns ErrUnknownBackend before it passes
	// it. A value may also be a [WellKnownBackend]. OwnBackends says nothing about permissions.
	OwnBackends map[string]string
	// OwnGrants says which permissions backends have that are not Django's own: true is those
	// of the tables, as ModelBackend, and false none. What a backend without an entry grants
	// or refuses is not known.
	OwnGrants map[string]bool
	// Permissions returns the permissions of an active account, for [Identity.HasPerm], which
	// does not ask about a superuser, and the others. granted are those of the tables, sorted;
	// they are the function's to keep. [TablePermissions] returns them as they are.
	//
	// By default those of the tables count if a backend grants them, as ModelBackend does, and
	// all Backends are Django's own, or in OwnGrants. Other backends may grant further permissions, or refuse
	// some by PermissionDenied, whatever OwnBackends says. With such a backend it is only
	// certain what one of Django's grants before it. Everything else is ErrUnknownBackend
	// until Permissions is set.
	Permissions func(ctx context.Context, a *Account, granted []string) ([]string, error)
	// OwnHasPerm says that has_perm of the user model, or a method beside it, is the site's own
	// code. Then nothing is known about permissions, not even those of a superuser, who does
	// not have them all for being one: they are ErrUnknownBackend until Permissions is set.
	OwnHasPerm bool
	// CanAuthenticate is get_user and user_can_authenticate of a backend: it reports whether
	// the backend may log the account in. Auth calls it for all Backends except those that are
	// BaseBackend, and for unknown ones too. By default it allows active accounts, all
	// accounts for the backends AllowAllUsers..., and none for an unknown backend.
	CanAuthenticate func(backend string, a *Account) bool

	// Judge decides about each visitor after Django's own checks, as the site's middleware
	// does; see [Judge]. By default those checks are all.
	Judge Judge

	// PasswordRefusal is why Authenticate must not check passwords: a sentence for ErrOnlyDjango.
	// djsite.Open sets it for a site with an app or a middleware that has a [PasswordRefusal].
	// For a backend in Backends it need not be set; to let Authenticate pass such a backend all
	// the same, name it in OwnBackends.
	PasswordRefusal string

	// NormalizeName is what the login form does to a user name before the lookup: NFKC, which
	// the standard library lacks. By default the name stays as it is.
	NormalizeName func(string) string

	// AuthHash is for models that override get_session_auth_hash, or have none.
	AuthHash AuthHash

	// Lookup says how the site's backends find an account by the name that a user typed, in
	// their order. By default ByName of the Users does, by USERNAME_FIELD. If one names its
	// backend, each backend has those that name it or none, and else that default. The Users
	// must be a [Finder].
	Lookup []Lookup

	// UserCache is how long this process remembers an account that was read by its ID; 0 is
	// not at all. For that long it does not notice a new password, a deleted or deactivated
	// account, and changed flags, unless this Auth made the change. A few seconds save most of
	// the queries. A missing account is never remembered. If a remembered password does not
	// fit a session, the account is read again, once a second for one session, because the
	// session may know a newer password. Names and permissions are not remembered.
	UserCache time.Duration
	// UserCacheSize is how many accounts UserCache remembers at most; default 10,000.
	UserCacheSize int

	// ReadOnly keeps Auth from renewing sessions whose hash was made with a fallback key.
	ReadOnly bool

	// LoginURL is LOGIN_URL: a path that begins with a slash, or an http or https URL,
	// which may lack the scheme; default "/accounts/login/". A URL with a host needs Host.
	// Unlike Django, it cannot be the name of a URL.
	LoginURL string
	// LoginURLNamed says that the site's LOGIN_URL is the name of a URL, and LoginURL what
	// it is on a site without a prefix: djsession.Site.ScriptName goes before it.
	LoginURLNamed bool
	// FromScript reports whether RequireLogin and RequirePermission answer an anonymous
	// request with 401 and not with a redirect. Default [FromScript]. A function that
	// returns false always redirects, as Django does.
	FromScript func(r *http.Request) bool
	// RedirectField is the name of the parameter with the page to go back to;
	// default "next".
	RedirectField string
	// SuccessURLAllowedHosts is LoginView.success_url_allowed_hosts: further hosts to which
	// RedirectTarget may lead, besides the one that the client asked. Each is a host as in
	// the Host header, with its port if that is not the usual one; there are no patterns.
	SuccessURLAllowedHosts []string
	// Host is request.get_host; djcsrf.AllowedHosts makes one. The default is r.Host, which
	// any client can choose; nothing that leaves the site is made of the default.
	// Settings.Proxies of package djsession says whether r came by HTTPS.
	Host func(r *http.Request) string

	// ScriptName is FORCE_SCRIPT_NAME: the prefix that a proxy takes away from the paths that
	// browsers ask for, such as "/app". It has no slash at its end. It goes into the page to
	// come back to, which RedirectTarget reads too. By default a proxy leaves paths as they are.
	ScriptName string

	// WatchInterval is how often Watch looks; default 5 s.
	WatchInterval time.Duration
	// WatchGrace is how long Watch goes on while the sessions or the accounts cannot be read;
	// default 1 min.
	WatchGrace time.Duration
}

// Auth knows who is logged in to one site: django.contrib.auth with its settings.
// It is safe for concurrent use.
type Auth struct {
	m         *djsession.Manager
	users     Users
	passwords Passwords // or nil
	opts      Options
	cache     *userCache // or nil
	finder    *finder
	observer  func(context.Context, djsession.Event) // the Site's, or nil

	hash *hashes

	backends backends
	ownJudge bool     // CanAuthenticate is the site's own
	told     sync.Map // what was reported about backends

	bad   atomic.Int64 // hashes that did not fit
	good  atomic.Bool  // whether one ever fitted
	watch watcher
}

// New returns the Auth of the accounts in users and the sessions of m. Both must be of one
// Site. users may be nil if Options.Judge asks the site who is logged in, as [AskDjango]
// does; then Login returns errors.ErrUnsupported. passwords checks and makes passwords, see
// package hashers. With nil, Authenticate and SetPassword return errors.ErrUnsupported. opts
// may be nil.
//
// Errors: djsession.ErrConfig; errors.ErrUnsupported if there are passwords, and users lack
// [PasswordSetter] or [LoginRecorder], or there is a Lookup and they are no [Finder];
// signer.ErrNoKey if the site has derived keys, and
// none for the session hash.
func New(m *djsession.Manager, users Users, passwords Passwords, opts *Options) (*Auth, error) {
	switch p := reflect.ValueOf(passwords); {
	case users == nil && (opts == nil || opts.Judge == nil):
		return nil, fmt.Errorf("%w: no Users, and no Judge", djsession.ErrConfig)
	case users == nil && passwords != nil:
		return nil, fmt.Errorf("%w: Passwords, and no Users", djsession.ErrConfig)
	case users != nil && users.Site() != m.Site():
		return nil, fmt.Errorf("%w: the Users and the Manager are of two Sites", djsession.ErrConfig)
	case p.Kind() == reflect.Pointer && p.IsNil():
		return nil, fmt.Errorf("%w: the Passwords are a nil %T; pass nil for none", djsession.ErrConfig, passwords)
	}
	if u, ok := As[interface{ Err() error }](users); ok && u.Err() != nil {
		return nil, u.Err()
	}
	if passwords != nil {
		if _, ok := users.(PasswordSetter); !ok {
			return nil, fmt.Errorf("%w: Passwords, and Users without SetPassword: %T has to have it itself", errors.ErrUnsupported, users)
		}
		if _, ok := users.(LoginRecorder); !ok {
			return nil, fmt.Errorf("%w: Passwords, and Users without RecordLogin: %T has to have it itself", errors.ErrUnsupported, users)
		}
	}
	a := &Auth{m: m, users: users, passwords: passwords, observer: m.Site().Settings().Observer}
	if opts != nil {
		a.opts = *opts
	}
	o := &a.opts
	o.Backends = slices.Clone(o.Backends)
	if len(o.Backends) == 0 {
		o.Backends = []string{ModelBackend}
	}
	var err error
	if a.backends, err = readBackends(o); err != nil {
		return nil, err
	}
	o.OwnBackends, o.OwnGrants = nil, nil // they are the caller's
	if a.ownJudge = o.CanAuthenticate != nil; !a.ownJudge {
		o.CanAuthenticate = a.backends.canAuthenticate
	}
	if o.LoginURL == "" {
		o.LoginURL = "/accounts/login/"
	}
	if err := o.checkLoginURL(); err != nil {
		return nil, err
	}
	o.SuccessURLAllowedHosts = slices.Clone(o.SuccessURLAllowedHosts)
	for _, host := range o.SuccessURLAllowedHosts {
		if !plainHost(host) || strings.HasPrefix(host, ".") {
			return nil, fmt.Errorf("%w: SuccessURLAllowedHosts has %q, which is no host such as www.example.com or www.example.com:8000", djsession.ErrConfig, host)
		}
	}
	if o.FromScript == nil {
		o.FromScript = FromScript
	}
	o.ScriptName = strings.TrimSuffix(o.ScriptName, "/")
	if u, err := url.Parse(o.ScriptName); o.ScriptName != "" && (err != nil || u.EscapedPath() != o.ScriptName || o.ScriptName[0] != '/' || path.Clean(o.ScriptName) != o.ScriptName) {
		return nil, fmt.Errorf("%w: ScriptName is no path such as /app", djsession.ErrConfig)
	}
	if o.RedirectField == "" {
		o.RedirectField = "next"
	}
	if o.Host == nil {
		o.Host = func(r *http.Request) string { return r.Host }
	}
	if o.WatchInterval < 0 || o.WatchGrace < 0 {
		return nil, fmt.Errorf("%w: a negative time of Watch", djsession.ErrConfig)
	}
	switch {
	case users == nil && o.UserCache > 0:
		return nil, fmt.Errorf("%w: UserCache without Users", djsession.ErrConfig)
	case o.UserCache < 0 || o.UserCacheSize < 0:
		return nil, fmt.Errorf("%w: a negative UserCache or UserCacheSize", djsession.ErrConfig)
	case o.UserCache == 0 && o.UserCacheSize > 0:
		return nil, fmt.Errorf("%w: UserCacheSize without UserCache", djsession.ErrConfig)
	case o.UserCache > 0:
		size := cmp.Or(o.UserCacheSize, defaultUserCacheSize)
		a.cache = &userCache{users: users, bound: o.UserCache, size: size, byID: make(map[string]*list.Element)}
	}
	if o.WatchInterval == 0 {
		o.WatchInterval = defaultWatch
	}
	if o.WatchGrace == 0 {
		o.WatchGrace = defaultGrace
	}
	if a.hash, err = newHashes(a.m.Site().Settings(), o.AuthHash); err != nil {
		return nil, err
	}
	if err := a.hash.missing(users); err != nil {
		return nil, err
	}
	if a.finder, err = newFinder(users, o.Lookup, &a.backends); err != nil {
		return nil, err
	}
	a.watch.auth = a
	return a, nil
}

// checkLoginURL refuses a LoginURL that a browser cannot follow from every page. It also
// refuses one on another host without Options.Host: the page to go back to is a URL then,
// and needs the host of this site.
func (o *Options) checkLoginURL() error {
	u, err := url.Parse(o.LoginURL)
	switch {
	case err != nil:
		return fmt.Errorf("%w: LoginURL is no URL", djsession.ErrConfig)
	case u.Host == "" && !strings.HasPrefix(o.LoginURL, "/"), u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: LoginURL is neither a path that begins with a slash nor an http URL", djsession.ErrConfig)
	case u.Host != "" && o.Host == nil:
		return fmt.Errorf("%w: a LoginURL with a host needs Options.Host: the page to go back to is a URL of this site", djsession.ErrConfig)
	}
	return nil
}

// Manager returns the Manager that New was given.
func (a *Auth) Manager() *djsession.Manager { return a.m }

// Users returns the Users that New was given.
func (a *Auth) Users() Users { return a.users }

// errWithoutUsers: what needs Users cannot be done.
var errWithoutUsers = fmt.Errorf("%w: New was given no Users", errors.ErrUnsupported)

// Middleware is AuthenticationMiddleware: [User] works for requests that pass it. It belongs
// inside of the Manager's Middleware. It reads nothing until User is called.
func (a *Auth) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, &cell{auth: a, request: r})))
	})
}

// contextKey is where Middleware keeps its *cell.
type contextKey struct{}

// cell keeps the Identity of a request: request._cached_user.
type cell struct {
	auth    *Auth
	request *http.Request
	mu      sync.Mutex
	id      *Identity
}

// ErrNoMiddleware: the request did not pass Auth.Middleware.
var ErrNoMiddleware = errors.New("djauth: no Auth in this context")

// find returns the cell of this Auth in ctx, or nil.
func (a *Auth) find(ctx context.Context) *cell {
	if c, ok := ctx.Value(contextKey{}).(*cell); ok && c.auth == a {
		return c
	}
	return nil
}

// remember makes id the answer of User for the rest of this request.
func (a *Auth) remember(ctx context.Context, id *Identity) {
	if c := a.find(ctx); c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.id = id
	}
}

func (a *Auth) log(ctx context.Context, level slog.Level, text string, args ...any) {
	logger := a.m.Site().Settings().Logger
	if logger == nil {
		logger = slog.Default()
	}
	logger.Log(ctx, level, text, args...)
}

// ReadOnly reports whether Options.ReadOnly is set.
func (a *Auth) ReadOnly() bool { return a.opts.ReadOnly }

// Judged reports whether Options.Judge is set, so that a visitor's identity depends on the
// request.
func (a *Auth) Judged() bool { return a.opts.Judge != nil }
