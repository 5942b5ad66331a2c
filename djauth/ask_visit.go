package djauth

import (
	"container/list"
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// visit is the request that a Django is asked about.
type visit struct {
	site    *djsession.Site
	request *http.Request // or nil
	watched bool

	method, path, rawPath, rawQuery string
	host, address                   string

	cookie string // the header Cookie; it changes with what Django sets
}

func newVisit(j Judgement) *visit {
	v := &visit{site: j.auth.m.Site(), request: j.request, watched: j.Watched, method: j.Method, path: j.Path}
	name := v.site.Settings().CookieName
	if r := j.request; r != nil {
		v.host, v.rawPath, v.rawQuery = r.Host, sentPath(r), r.URL.RawQuery
		if v.address, _, _ = net.SplitHostPort(r.RemoteAddr); v.address == "" {
			v.address = r.RemoteAddr
		}
		v.cookie = strings.TrimSpace(strings.Join(r.Header["Cookie"], "; "))
	}
	if j.key != "" && (j.Watched || j.request == nil) { // the login may have got a new key since
		v.cookie = withCookie(v.cookie, name, j.key)
	}
	return v
}

// withCookie returns the header with one cookie set, or removed for an empty value.
func withCookie(header, name, value string) string {
	kept := slices.DeleteFunc(strings.Split(header, ";"), func(c string) bool {
		n, _, _ := strings.Cut(c, "=")
		return strings.TrimSpace(c) == "" || strings.TrimSpace(n) == name
	})
	for i := range kept {
		kept[i] = strings.TrimSpace(kept[i])
	}
	if value != "" {
		kept = append(kept, name+"="+value)
	}
	return strings.Join(kept, "; ")
}

// takeCookies passes the cookies of an answer on to the visitor, and to the next question of
// this request.
func (v *visit) takeCookies(ctx context.Context, h http.Header) {
	lines := h["Set-Cookie"]
	if len(lines) == 0 || v.watched {
		return
	}
	for _, line := range lines {
		if c, err := http.ParseSetCookie(line); err == nil {
			pair, _, _ := strings.Cut(line, ";")
			_, value, _ := strings.Cut(pair, "=")
			if c.MaxAge < 0 || !c.Expires.IsZero() && c.Expires.Before(time.Now()) {
				value = ""
			}
			v.cookie = withCookie(v.cookie, c.Name, strings.TrimSpace(value))
		}
	}
	// Outside of a request, and after the response has begun, there is nobody to send them to.
	_ = djsession.BeforeCommit(ctx, func(h http.Header, _ int) {
		for _, line := range lines {
			h.Add("Set-Cookie", line)
		}
	})
}

// dropped are the headers of a visitor that are about the connection and the body.
var dropped = []string{
	"Accept-Encoding", "Connection", "Cookie", "Expect", "Keep-Alive", "Range", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// forwarded are the headers in which a proxy says where a request comes from.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Ssl", "X-Forwarded-Server", "X-Real-Ip"}

// header is the visitor's header as the site's proxy sends it. If it came by that proxy, it is
// so already. Otherwise what it says about the visitor's address is not to be believed.
func (v *visit) header() http.Header {
	r := v.request
	if r == nil {
		return make(http.Header)
	}
	h := r.Header.Clone()
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for name := range h {
		if slices.Contains(dropped, name) || strings.Contains(name, "_") ||
			slices.ContainsFunc([]string{"Content-", "If-", "Proxy-", "Sec-Websocket-", "X-Djsession-"}, func(p string) bool { return strings.HasPrefix(name, p) }) {
			delete(h, name)
		}
	}
	scheme, err := v.site.Scheme(r)
	if err != nil {
		scheme = "http"
	}
	if !v.site.FromProxy(r) {
		for _, name := range forwarded {
			delete(h, name)
		}
		h.Set("X-Forwarded-For", v.address)
		h.Set("X-Real-Ip", v.address)
		h.Set("X-Forwarded-Proto", scheme)
	}
	if p := v.site.Settings().Proxies; p.SSLHeader != "" {
		h.Del(p.SSLHeader)
		if scheme == "https" {
			h.Set(p.SSLHeader, p.SSLValue)
		}
	}
	return h
}

// answer is what a Django said about a visitor.
type answer struct {
	ask   *asker
	visit *visit

	account *Account // nil for nobody
	real    *Account // nil for account itself
	why     error    // why nobody is logged in
	backend string
	level   string
	groups  []string

	mu    sync.Mutex
	perms map[string]bool
	all   []string
}

// again is the answer for another visit.
func (a *answer) again(v *visit) *answer {
	return &answer{ask: a.ask, visit: v, account: a.account, real: a.real, why: a.why, backend: a.backend, level: a.level, groups: a.groups, perms: a.perms, all: a.all}
}

// answerOf is the Identity of an answer.
func (a *Auth) answerOf(got *answer) *Identity {
	if got.account == nil {
		id := a.nobody(got.why)
		id.answer = got
		return id
	}
	id := &Identity{auth: a, account: got.account, backend: got.backend, level: got.level, answer: got}
	if got.real != nil {
		id.real = &Identity{auth: a, account: got.real, backend: got.backend, answer: &answer{account: got.real}}
	}
	return id
}

// askMemory remembers answers: see AskOptions.Stale.
type askMemory struct {
	bound time.Duration
	size  int

	mu     sync.Mutex
	byName map[[sha256.Size]byte]*list.Element // of *askMemo
	order  list.List                           // oldest first
}

type askMemo struct {
	name   [sha256.Size]byte
	answer *answer
	began  time.Time
}

// idle are headers that differ from request to request of one visitor, and decide nothing.
var idle = []string{"Accept", "Cache-Control", "Origin", "Pragma", "Priority", "Referer", "Traceparent", "Tracestate", "X-Amzn-Trace-Id", "X-Request-Id", "X-Request-Start"}

// name stands for all that a question depends on.
func (m *askMemory) name(v *visit, h http.Header, perms []string) (name [sha256.Size]byte) {
	for key := range h {
		if slices.Contains(idle, key) || strings.HasPrefix(key, "Sec-Fetch-") || strings.HasPrefix(key, "Sec-Ch-") {
			delete(h, key)
		}
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q %q %q %q %q %q", v.method, v.host, v.path, v.rawQuery, v.address, h, perms)
	sum.Sum(name[:0])
	return name
}

func (m *askMemory) get(name [sha256.Size]byte) *answer {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.byName[name]
	if !ok {
		return nil
	}
	memo := e.Value.(*askMemo)
	if age := time.Since(memo.began); age < 0 || age >= m.bound {
		m.drop(e)
		return nil
	}
	return memo.answer
}

func (m *askMemory) put(name [sha256.Size]byte, a *answer, began time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byName == nil {
		m.byName = make(map[[sha256.Size]byte]*list.Element)
	}
	if e, ok := m.byName[name]; ok {
		m.drop(e)
	}
	m.byName[name] = m.order.PushBack(&askMemo{name, a, began})
	for m.order.Len() > m.size {
		m.drop(m.order.Front())
	}
}

func (m *askMemory) drop(e *list.Element) {
	delete(m.byName, e.Value.(*askMemo).name)
	m.order.Remove(e)
}
