package djsession

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"

	"github.com/go-djsession/go-djsession/internal/httpcookie"
)

// Middleware is Django's SessionMiddleware. Requests that pass it have a session, which
// [Load] reads. Just before the response begins, Middleware saves the session if it was
// changed, and sets the cookie:
//
//   - If the status is 500 or more, Middleware saves nothing, as in Django.
//   - If the session was emptied, Middleware deletes the cookie.
//   - If the session cannot be saved, [Settings.OnError] answers in place of the handler.
//     No cookie is set, and the handler's writes fail with the error. A handler that then
//     panics with [http.ErrAbortHandler], as httputil.ReverseProxy does, does not break
//     that answer off.
//   - A panic of the handler passes through, and nothing is saved.
//   - If the response already sets the session's cookie, Middleware adds no other: a
//     Django behind a reverse proxy in next has logged somebody in or out. Changes that
//     next itself made are saved under the key that the session had. If the cookie is
//     that of another session, and that key is gone or there was none, the changes are
//     lost, and a line in the log says so.
//   - Hijack takes the connection over, and then saves the session. If there is no
//     connection to take, as with HTTP/2, Hijack changes nothing, and the handler can
//     answer in another way. If the session cannot be saved, OnError answers on the
//     connection, which is then closed. Hijack adds no cookie to the header for a session
//     that was not changed: a reverse proxy adds the header of an upgrade only afterwards.
//
// An [http.TimeoutHandler] belongs inside of Middleware: a response that comes too late is
// a 503 then, and saves nothing. One outside throws the response away when the session may
// be saved already. Its cookie is lost then, and with it a session that got a new key, as
// by a login. Inside of a TimeoutHandler, no handler can flush or hijack.
//
// The response is not buffered. [http.ResponseController] works on it, and so do the
// interfaces [http.Flusher], [http.Hijacker] and [io.ReaderFrom].
func (m *Manager) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		outer, _ := r.Context().Value(contextKey{}).(*exchange)
		for x := outer; x != nil; x = x.outer {
			if x.s.m == m { // this Manager is at work already
				next.ServeHTTP(w, r)
				return
			}
		}
		x := &exchange{ResponseWriter: w, outer: outer}
		x.s.sessionState = &x.state
		if h := w.Header(); len(h) > 0 {
			x.before = h.Clone()
		}
		m.start(&x.s, r)
		x.ctx = requestContext{r.Context(), x}
		x.serve(next, r.WithContext(&x.ctx))
		x.begin(http.StatusOK)
	})
}

// Commit saves the session of r and adds its cookie to the header of w, for handlers that
// take over the connection and write the response themselves. Afterwards the session can
// no longer be changed. If the session was committed before, by Commit or by the
// beginning of the response, Commit returns the error of that commit.
//
// Errors: those of [Session.Save], and [ErrNoSession].
func (m *Manager) Commit(w http.ResponseWriter, r *http.Request) error {
	x := m.find(r.Context())
	if x == nil {
		return ErrNoSession
	}
	x.beforeCommit(w.Header(), http.StatusSwitchingProtocols)
	if err := x.s.commit(r.Context(), w.Header(), http.StatusSwitchingProtocols, false); err != nil {
		return err
	}
	if err := x.s.lock(); err != nil {
		return err
	}
	defer x.s.mu.Unlock()
	return x.s.err
}

// BeforeCommit registers fn for the request with this context. Just before the response
// begins, fn runs with its header and status: that is the last moment to change the
// session and to add a cookie. fn is the process_response of a Django middleware inside
// of SessionMiddleware, and as there, the function that was added last runs first. fn
// runs once, in the goroutine that begins the response, and must not begin it.
//
// If the session then cannot be saved, everything that fn added to the header is dropped.
//
// Errors: [ErrNoSession]; [ErrCommitted]; [ErrUnavailable] if ctx ends while another
// goroutine of the request uses the store.
func BeforeCommit(ctx context.Context, fn func(h http.Header, status int)) error {
	x, ok := ctx.Value(contextKey{}).(*exchange)
	if !ok {
		return ErrNoSession
	}
	if err := x.s.lockWithin(ctx); err != nil {
		return err
	}
	defer x.s.mu.Unlock()
	if x.s.done {
		return ErrCommitted
	}
	x.hooks = append(x.hooks, fn)
	return nil
}

// beforeCommit runs the functions given to BeforeCommit, and those that they add.
func (x *exchange) beforeCommit(h http.Header, status int) {
	for {
		if x.s.lock() != nil {
			return
		}
		n := len(x.hooks)
		if x.s.done || n == 0 {
			x.s.mu.Unlock()
			return
		}
		fn := x.hooks[n-1]
		x.hooks = x.hooks[:n-1]
		x.s.mu.Unlock()
		fn(h, status)
	}
}

// ErrorStatus returns the HTTP status for an error of this module. It is 400 for
// [ErrInterrupted], as in Django, and for [ErrScheme]; 503 for [ErrUnavailable]. For
// other errors it is the result of their method StatusCode() int, if they have one, as in
// djauth and djcsrf, and it is 400 to 599. Otherwise it is 500.
func ErrorStatus(err error) int {
	switch {
	case errors.Is(err, ErrInterrupted), errors.Is(err, ErrScheme):
		return http.StatusBadRequest
	case errors.Is(err, ErrUnavailable):
		return http.StatusServiceUnavailable
	}
	if e, ok := errors.AsType[interface {
		error
		StatusCode() int
	}](err); ok && e.StatusCode() >= 400 && e.StatusCode() < 600 {
		return e.StatusCode()
	}
	return http.StatusInternalServerError
}

// exchange is a request with its session. It is the ResponseWriter that commits the
// session.
type exchange struct {
	http.ResponseWriter
	s      Session
	state  sessionState // of s
	ctx    requestContext
	outer  *exchange   // of another Manager around this one, or nil
	before http.Header // the header as Middleware found it
	hooks  []func(http.Header, int)
	failed error // why the session could not be saved
	begun  bool
	taken  bool // by Hijack: the handler writes the response itself
}

// serve calls next. If the client was sent the answer that the session could not be
// saved, next has nothing left to abort.
func (x *exchange) serve(next http.Handler, r *http.Request) {
	defer func() {
		if x.failed == nil {
			return
		}
		// The trailers that next set do not belong to this answer.
		maps.DeleteFunc(x.Header(), func(name string, _ []string) bool {
			return strings.HasPrefix(name, http.TrailerPrefix)
		})
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	next.ServeHTTP(x, r)
}

// begin commits the session before the header is sent. It reports whether the handler's
// response may go on.
func (x *exchange) begin(status int) bool {
	if x.begun {
		return x.failed == nil
	}
	return x.commit(status, x.ResponseWriter)
}

// commit commits the session for a response with status. If the session cannot be saved,
// commit answers by w, whose header is that of the response, and returns false.
func (x *exchange) commit(status int, w http.ResponseWriter) bool {
	x.begun = true
	x.beforeCommit(x.Header(), status)
	err := x.s.commit(x.s.request.Context(), x.Header(), status, x.taken)
	if err == nil {
		return true
	}
	x.failed = err
	x.s.m.site.log(x.s.request.Context(), slog.LevelError, "djsession: the session could not be saved", "error", err)
	h := x.Header()
	clear(h)
	maps.Copy(h, x.before)
	if answer := x.s.m.site.set.OnError; answer != nil {
		answer(w, x.s.request, err)
	} else {
		code := ErrorStatus(err)
		http.Error(w, http.StatusText(code), code)
	}
	return false
}

// Unwrap is for http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func (x *exchange) WriteHeader(status int) {
	informational := status >= 100 && status < 200 && status != http.StatusSwitchingProtocols
	if informational || x.begin(status) {
		x.ResponseWriter.WriteHeader(status)
	}
}

func (x *exchange) Write(b []byte) (int, error) {
	if !x.begin(http.StatusOK) {
		return 0, x.failed
	}
	return x.ResponseWriter.Write(b)
}

func (x *exchange) WriteString(s string) (int, error) {
	if !x.begin(http.StatusOK) {
		return 0, x.failed
	}
	return io.WriteString(x.ResponseWriter, s)
}

func (x *exchange) ReadFrom(src io.Reader) (int64, error) {
	if !x.begin(http.StatusOK) {
		return 0, x.failed
	}
	return io.Copy(x.ResponseWriter, src) // io.Copy finds a ReaderFrom itself
}

func (x *exchange) Flush() { _ = x.FlushError() }

func (x *exchange) FlushError() error {
	if !x.begin(http.StatusOK) {
		return x.failed
	}
	return http.NewResponseController(x.ResponseWriter).Flush()
}

// CloseNotify is http.CloseNotifier. The request's context replaced it in net/http, but
// gin's Stream still calls it.
func (x *exchange) CloseNotify() <-chan bool {
	gone := make(chan bool, 1)
	context.AfterFunc(x.s.request.Context(), func() { gone <- true })
	return gone
}

// commit is SessionMiddleware.process_response. If taken, the handler may still add to h
// the header of another server's response, with a cookie of the session: then commit adds
// a cookie only for changes made here.
func (s *Session) commit(ctx context.Context, h http.Header, status int, taken bool) error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.done {
		return nil
	}
	s.done = true
	start := s.m.starts()
	if s.err = s.commitLocked(ctx, h, status, taken); s.err != nil || s.saved {
		s.m.observe(ctx, "commit", start, s.err)
	}
	return s.err
}

func (s *Session) commitLocked(ctx context.Context, h http.Header, status int, taken bool) error {
	set := &s.m.site.set
	// Before Django 4.2, only a 500 counts as an error.
	keep := status < 500 || set.Django.Before(4, 2) && status != 500
	if keep && s.err != nil {
		return s.err
	}
	if value, ok := httpcookie.Sets(h, set.CookieName); ok && !s.byHeader {
		return s.commitBeside(ctx, h, value, keep)
	}
	if keep && set.SaveEveryRequest && !s.empty() && !s.loaded {
		s.done = false
		err := s.loadLocked(ctx)
		if s.done = true; err != nil {
			return err
		}
	}
	silent := taken && !s.modified && !s.saved
	if s.had && s.empty() {
		if !silent && !s.byHeader {
			h.Add("Set-Cookie", set.deleteCookie())
		}
		s.vary(h)
		return nil
	}
	if s.loaded {
		s.vary(h)
	}
	save := s.modified || set.SaveEveryRequest && !s.corrupt && !s.aside && s.due(ctx)
	if keep && save && !s.empty() {
		saving := s.m.saving(ctx)
		defer saving.end()
		ctx = saving
		if err := s.save(ctx); err != nil {
			if s.renewal && errors.Is(err, ErrInterrupted) {
				return nil // another request was faster
			}
			return err
		}
	}
	if !s.saved || silent { // nothing stored, now or by Save
		return nil
	}
	now := s.m.site.Now()
	e, err := s.m.site.expiryOf(s.data)
	if err != nil {
		return err
	}
	if s.byHeader {
		if s.key != s.request.Header.Get(set.KeyHeader) {
			h.Set(set.KeyHeader, s.key)
		}
	} else {
		h.Add("Set-Cookie", set.setCookie(s.key, e.withBrowser(s.m.site), e.age(s.m.site, now), now))
	}
	s.vary(h)
	return nil
}

// vary says which headers of the request the response depends on.
func (s *Session) vary(h http.Header) {
	httpcookie.VaryOnCookie(h)
	if name := s.m.site.set.KeyHeader; name != "" {
		httpcookie.VaryOn(h, name)
	}
}

// commitBeside is commit for a response that already sets the session's cookie, to value.
// It adds no cookie, and saves only changes made here, under the key that the client had.
// If the cookie is that of another session, the client's session may be gone, which is no
// error then.
func (s *Session) commitBeside(ctx context.Context, h http.Header, value string, keep bool) error {
	httpcookie.VaryOnCookie(h)
	// If Save or Create stored the session under a new key, no client gets that key.
	had, _ := httpcookie.Find(s.request.Header, s.m.site.set.CookieName)
	lost := s.saved && s.key != value && s.key != had
	switch {
	case !keep || !s.modified || s.empty():
	case s.key == "" || s.cycle || s.corrupt || s.aside || s.m.sealer != nil: // it needs a cookie of its own
		lost = lost || s.cycle || s.data.Len() > 0
	default:
		saving := s.m.saving(ctx)
		defer saving.end()
		ctx = saving
		renewal, other := s.renewal, s.key != value
		err := s.save(ctx)
		switch gone := errors.Is(err, ErrInterrupted); {
		case gone && (renewal || other):
			lost = lost || !renewal
		case err != nil:
			return err
		}
	}
	if lost {
		s.m.site.log(ctx, slog.LevelError, "djsession: a session was changed, and the response had its cookie already, as from a Django behind a proxy; the change is lost")
	}
	return nil
}
