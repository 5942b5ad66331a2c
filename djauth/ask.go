package djauth

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/waitlock"
	"github.com/go-djsession/go-djsession/signer"
)

// AskKeySalt is the key salt of the key that seals the questions of [AskDjango].
const AskKeySalt = "djsession.ask"

// ErrAskRefused: the site's view refused a question of [AskDjango]. The key or the clock is
// not that of the site, or something between changes requests.
var ErrAskRefused = errors.New("djauth: the site's view refuses the question")

// AskOptions are options of [AskDjango]. The zero value of each is its default.
type AskOptions struct {
	// Client sends the questions. The default keeps connections open, and uses no proxy of
	// the environment. Redirects are never followed.
	Client *http.Client
	// Timeout is how long one question may take; default 5 s.
	Timeout time.Duration
	// Permissions are asked for with each question, as "app_label.codename". Those that
	// RequirePermission names are too. Others take a question of their own when HasPerm wants
	// them.
	Permissions []string
	// Stale is how long an answer is remembered for requests that have the same cookies and
	// other headers, address, method and path; default not at all. For that long nobody
	// notices a logout, a ban, or a visit that should count.
	Stale time.Duration
	// MaxStale is how many answers Stale remembers at most; default 10,000.
	MaxStale int
	// AtPath asks at the path of the visitor's own request, by its method, for sites that
	// have AskMiddleware in place of the view. The URL is then that of the site's root.
	AtPath bool
	// Header changes the header of a question, which is the visitor's as the site's proxy
	// would send it. visitor is nil outside of a request. Header must leave Cookie and
	// User-Agent as they are.
	Header func(question http.Header, visitor *http.Request)
}

// AskDjango returns a Judge that asks the site: it sends the visitor's cookies, address,
// browser, method and path to a view of the site, and takes request.user as that view has it,
// after all of the site's middleware. url is that of the view, such as
// "http://127.0.0.1:8000/djsession-ask/". `djsession probe --view` prints the view. key is the
// site's SECRET_KEY or derived keys with [AskKeySalt]; or another key that both have, as
// DJSESSION_ASK_KEY in Django. opts may be nil.
//
// The answer counts in place of what Go found: [New] takes nil Users, and saves a query. The
// answer's Set-Cookie goes on to the visitor, so the question counts as a visit: middleware
// that ends idle sessions and SESSION_SAVE_EVERY_REQUEST see it. Each look of [Auth.Watch] is
// such a visit too. The permissions are those that the user has in Django, with all backends
// and superusers.
//
// Questions are sealed with an HMAC, for half a minute, and each is answered once; so are the
// answers. If the site does not answer, the error is djsession.ErrUnavailable. If its
// middleware answers in place of the view, with a redirect to another page or a status such
// as 403, the visitor is refused, and [Auth.RequireLogin] answers with that status.
//
// Errors: djsession.ErrConfig; signer.ErrNoKey.
func AskDjango(rawURL string, key signer.Keys, opts *AskOptions) (Judge, error) {
	k := new(asker)
	if opts != nil {
		k.opts = *opts
	}
	u, err := url.Parse(rawURL)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.RawQuery != "", u.Fragment != "", u.User != nil:
		return nil, fmt.Errorf("%w: AskDjango needs an http URL with a host, and without a user, a query and a fragment", djsession.ErrConfig)
	case k.opts.Timeout < 0, k.opts.Stale < 0, k.opts.MaxStale < 0:
		return nil, fmt.Errorf("%w: AskOptions has a negative time or number", djsession.ErrConfig)
	case k.opts.MaxStale > 0 && k.opts.Stale == 0:
		return nil, fmt.Errorf("%w: AskOptions has MaxStale without Stale", djsession.ErrConfig)
	}
	if u.Path == "" {
		u.Path = "/"
	}
	k.url = u
	if k.mac, err = signer.NewMAC(key, AskKeySalt, signer.SHA256); err != nil {
		return nil, fmt.Errorf("seal the questions to Django: %w", err)
	}
	k.opts.Timeout = cmp.Or(k.opts.Timeout, 5*time.Second)
	k.opts.Permissions = slices.Clone(k.opts.Permissions)
	if k.opts.Client != nil {
		k.client = *k.opts.Client
	} else {
		k.client.Transport = &http.Transport{
			DialContext: (&net.Dialer{Timeout: k.opts.Timeout}).DialContext, MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute,
			DisableCompression: true, MaxResponseHeaderBytes: maxAnswer,
		}
	}
	k.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	k.client.Jar = nil
	if k.opts.Stale > 0 {
		k.memory = &askMemory{bound: k.opts.Stale, size: cmp.Or(k.opts.MaxStale, defaultUserCacheSize)}
	}
	return k.judge, nil
}

// maxAnswer is how long an answer may be, in bytes.
const maxAnswer = 1 << 20

// asker asks one site.
type asker struct {
	url    *url.URL
	mac    *signer.MAC
	opts   AskOptions
	client http.Client
	memory *askMemory // or nil
}

func (k *asker) judge(ctx context.Context, j Judgement) (Verdict, error) {
	if j.auth == nil {
		return Verdict{}, fmt.Errorf("%w: AskDjango needs the Judgement of an Auth", djsession.ErrConfig)
	}
	v := newVisit(j)
	if v.cookie == "" && j.request == nil {
		return Verdict{decision: answered, answer: &answer{why: ErrNoUserID}}, nil // there is nothing to ask about
	}
	perms := slices.Concat(k.opts.Permissions, permsOf(ctx))
	slices.Sort(perms)
	a, err := k.remembered(ctx, v, slices.Compact(perms))
	if err != nil {
		return Verdict{}, err
	}
	return Verdict{decision: answered, answer: a}, nil
}

// remembered is ask, or what it said a short time ago.
func (k *asker) remembered(ctx context.Context, v *visit, perms []string) (*answer, error) {
	if k.memory == nil || v.watched {
		return k.ask(ctx, v, perms)
	}
	name := k.memory.name(v, k.header(v), perms)
	if a := k.memory.get(name); a != nil {
		return a.again(v), nil
	}
	began := time.Now()
	a, err := k.ask(ctx, v, perms)
	if err == nil {
		k.memory.put(name, a.again(nil), began)
	}
	return a, err
}

// ask asks the site once. Set-Cookie of the answer goes on to the visitor.
func (k *asker) ask(ctx context.Context, v *visit, perms []string) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, k.opts.Timeout)
	defer cancel()
	for again := false; ; again = true {
		res, nonce, err := k.send(ctx, v, perms)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
		res.Body.Close()
		switch {
		case err != nil:
			return nil, djsession.Unavailable("read the answer of Django", err)
		case len(body) > maxAnswer:
			return nil, djsession.Unavailable("read the answer of Django, which is too long", errNoAnswer)
		case res.Header.Get("X-Djsession-Refused") == "nonce" && !again:
			continue // package http has sent it again over another connection
		}
		a, err := k.read(res, nonce, body)
		if err != nil {
			return nil, err
		}
		a.ask, a.visit = k, v
		v.takeCookies(ctx, res.Header)
		return a, nil
	}
}

// question is what a question says besides the visitor's header.
type question struct {
	URL     string   `json:"url"`
	Time    int64    `json:"time"`
	Nonce   string   `json:"nonce"`
	Method  string   `json:"method"`
	Path    string   `json:"path"`
	Address string   `json:"address"`
	Perms   []string `json:"perms"`
}

func (k *asker) send(ctx context.Context, v *visit, perms []string) (res *http.Response, nonce string, err error) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	q := question{
		URL: k.url.Path, Time: time.Now().Unix(), Nonce: hex.EncodeToString(random[:]),
		Method: v.method, Path: v.path, Address: v.address, Perms: perms,
	}
	method, target := http.MethodGet, *k.url
	if k.opts.AtPath && v.path != "" {
		if q.URL = v.path; v.method != http.MethodHead { // whose answer has no body
			method = v.method
		}
		target.Path, target.RawPath, target.RawQuery = v.path, v.rawPath, v.rawQuery
	}
	text, err := json.Marshal(q)
	if err != nil {
		return nil, "", djsession.Unavailable("ask Django", err)
	}
	r, err := http.NewRequestWithContext(ctx, method, target.String(), nil)
	if err != nil {
		return nil, "", djsession.Unavailable("ask Django", err)
	}
	r.Header = k.header(v)
	if v.host != "" {
		r.Host = v.host
	}
	asked := base64.StdEncoding.EncodeToString(text)
	r.Header.Set("X-Djsession-Ask", asked)
	r.Header.Set("X-Djsession-Seal", k.mac.HexSum(strings.Join([]string{method, asked, r.Header.Get("Cookie"), r.Header.Get("User-Agent"), ""}, "\n")))
	if res, err = k.client.Do(r); err != nil {
		return nil, "", djsession.Unavailable("ask Django who the visitor is", err)
	}
	return res, q.Nonce, nil
}

// header is the visitor's, as the site's proxy would send it, without what is about the body
// and the connection.
func (k *asker) header(v *visit) http.Header {
	h := v.header()
	h.Set("Accept-Encoding", "identity")
	if v.cookie != "" {
		h.Set("Cookie", v.cookie)
	}
	if h.Get("User-Agent") == "" {
		h.Set("User-Agent", "") // that of package http would be added
	}
	if k.opts.Header != nil {
		k.opts.Header(h, v.request)
	}
	return h
}

// read makes an answer of a response.
func (k *asker) read(res *http.Response, nonce string, body []byte) (*answer, error) {
	say := func(text string, cause error) (*answer, error) {
		return nil, djsession.Unavailable(fmt.Sprintf("ask Django, which answered %d: %s", res.StatusCode, text), cause)
	}
	if why := res.Header.Get("X-Djsession-Refused"); why != "" && res.StatusCode == http.StatusForbidden {
		text := map[string]string{
			"seal":  "the key is not the site's, or something changes requests on the way",
			"url":   "the request came to another path than it was sent to",
			"time":  "the clocks of both machines differ by more than half a minute",
			"nonce": "somebody has sent the question again, or the view cannot remember what came",
		}[why]
		return say(cmp.Or(text, "the view refuses the question"), ErrAskRefused)
	}
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect:
		return &answer{why: ErrRefused}, nil
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusTooManyRequests:
		return &answer{why: siteRefusal(res.StatusCode)}, nil
	case http.StatusMovedPermanently, http.StatusPermanentRedirect:
		return say("the URL is another, or the site wants https (SECURE_SSL_REDIRECT) and does not see it", errNoAnswer)
	case http.StatusBadRequest:
		return say("is the host in its ALLOWED_HOSTS?", errNoAnswer)
	case http.StatusNotFound:
		return say("is the view in its urlpatterns?", errNoAnswer)
	default:
		return say("its log says why", errNoAnswer)
	}
	if _, err := k.mac.Verify("answer\n"+nonce+"\n"+string(body), res.Header.Get("X-Djsession-Answer")); err != nil {
		return say("this is not the answer of the view to this question", err)
	}
	var got struct {
		User, Real     *facts
		Backend, Level string
		Groups, All    []string
		Perms          map[string]bool
	}
	if err := json.Unmarshal(body, &got); err != nil || got.User != nil && got.User.ID == "" {
		return say("the answer is malformed", errNoAnswer)
	}
	if got.User == nil {
		return &answer{why: ErrNoUserID}, nil
	}
	a := &answer{account: got.User.account(), backend: got.Backend, level: got.Level, groups: got.Groups, perms: got.Perms, all: got.All}
	if got.Real != nil && got.Real.ID != got.User.ID {
		a.real = got.Real.account()
	}
	return a, nil
}

// facts are what the view says about an account.
type facts struct {
	ID, Name, Email          string
	FirstName                string `json:"first_name"`
	LastName                 string `json:"last_name"`
	Active, Staff, Superuser bool
}

func (f *facts) account() *Account {
	return &Account{ID: f.ID, Name: f.Name, Email: f.Email, FirstName: f.FirstName, LastName: f.LastName, Active: f.Active, Staff: f.Staff, Superuser: f.Superuser}
}

// siteRefusal is a status with which the site's middleware refused a visitor. It is an
// ErrRefused.
type siteRefusal int

func (e siteRefusal) Error() string        { return fmt.Sprintf("%v, with the status %d", ErrRefused, int(e)) }
func (e siteRefusal) StatusCode() int      { return int(e) }
func (e siteRefusal) Is(target error) bool { return target == ErrRefused }

// permsKey is where RequirePermission says which permissions it will ask for.
type permsKey struct{}

func permsOf(ctx context.Context) []string {
	perms, _ := ctx.Value(permsKey{}).([]string)
	return perms
}

// have returns which of these permissions the user has, and asks for those that no answer had.
func (a *answer) have(ctx context.Context, names ...string) (perms map[string]bool, all []string, err error) {
	switch {
	case a.account == nil:
		return nil, nil, nil
	case a.ask == nil:
		return nil, nil, errElsewhere
	}
	if err := waitlock.Lock(ctx, &a.mu); err != nil {
		return nil, nil, djsession.Unavailable("wait for another call that asks Django for permissions", err)
	}
	defer a.mu.Unlock()
	var missing []string
	for _, name := range names {
		if _, ok := a.perms[name]; !ok && name != "*" || name == "*" && a.all == nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		more, err := a.ask.ask(ctx, a.visit, missing)
		switch {
		case err != nil:
			return nil, nil, err
		case more.account == nil || more.account.ID != a.account.ID:
			return nil, nil, djsession.Unavailable("ask Django for permissions: the visitor is somebody else by now", errNoAnswer)
		}
		known := make(map[string]bool, len(a.perms)+len(more.perms)) // the old map may be that of a remembered answer
		maps.Copy(known, a.perms)
		maps.Copy(known, more.perms)
		a.perms = known
		if more.all != nil {
			a.all = more.all
		}
	}
	return a.perms, a.all, nil
}

// hasAll reports whether the user has all of them; "app.*" is any of an app.
func (a *answer) hasAll(ctx context.Context, names ...string) (bool, error) {
	perms, _, err := a.have(ctx, names...)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(names, func(name string) bool { return !perms[name] }) && a.account != nil, nil
}

// everything is User.get_all_permissions.
func (a *answer) everything(ctx context.Context) ([]string, error) {
	_, all, err := a.have(ctx, "*")
	return slices.Clone(all), err
}

// errElsewhere: the permissions of the one who really logged in cannot be asked for.
var errElsewhere = fmt.Errorf("%w: Django tells the groups and permissions of request.user alone", errors.ErrUnsupported)

// errNoAnswer is why a response of Django is no answer.
var errNoAnswer = errors.New("djauth: not an answer to the question")
