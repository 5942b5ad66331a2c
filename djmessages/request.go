package djmessages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/httpcookie"
	"github.com/go-djsession/go-djsession/internal/waitlock"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// Add is messages.add_message: the visitor's next page shows text. As in Django, "" and
// messages below the level of the request are not recorded. Several extraTags are joined
// by spaces.
//
// Errors: [ErrNoMiddleware], [djsession.ErrNoSession], [djsession.ErrCommitted],
// [djsession.ErrUnavailable] if all messages are in the session, and [serializer.ErrType] for
// text that is not UTF-8.
func Add(ctx context.Context, level Level, text string, extraTags ...string) error {
	return AddMessage(ctx, NewMessage(level, text, strings.Join(extraTags, " ")))
}

// AddMessage is Add for a [Message], which may be Safe: messages.add_message with
// mark_safe(text).
func AddMessage(ctx context.Context, m Message) error {
	q, err := of(ctx)
	if err != nil {
		return err
	}
	return q.add(ctx, m)
}

// Debug is messages.debug. Errors as for Add.
func Debug(ctx context.Context, text string) error { return Add(ctx, LevelDebug, text) }

// Info is messages.info. Errors as for Add.
func Info(ctx context.Context, text string) error { return Add(ctx, LevelInfo, text) }

// Success is messages.success. Errors as for Add.
func Success(ctx context.Context, text string) error { return Add(ctx, LevelSuccess, text) }

// Warning is messages.warning. Errors as for Add.
func Warning(ctx context.Context, text string) error { return Add(ctx, LevelWarning, text) }

// Error is messages.error. Errors as for Add.
func Error(ctx context.Context, text string) error { return Add(ctx, LevelError, text) }

// Get is list(messages.get_messages(request)): it returns the messages to show, the
// oldest first, including those that this request added. They are removed with the
// response; until then another Get returns them again. Messages that are added later stay
// for the next page.
//
// Errors: [ErrNoMiddleware], [djsession.ErrNoSession], [djsession.ErrCommitted],
// [djsession.ErrUnavailable].
func Get(ctx context.Context) ([]Message, error) {
	q, err := of(ctx)
	if err != nil {
		return nil, err
	}
	return q.get(ctx)
}

// Peek is Get without using the messages up: list(get_messages(request)), followed by
// storage.used = False. Errors as for Get.
func Peek(ctx context.Context) ([]Message, error) {
	q, err := of(ctx)
	if err != nil {
		return nil, err
	}
	return q.peek(ctx)
}

// Count is len(messages.get_messages(request)). Errors as for Get.
func Count(ctx context.Context) (int, error) {
	list, err := Peek(ctx)
	return len(list), err
}

// RequestLevel is messages.get_level. Errors: [ErrNoMiddleware]; [djsession.ErrUnavailable]
// if ctx ends while another goroutine reads the messages.
func RequestLevel(ctx context.Context) (Level, error) {
	q, err := of(ctx)
	if err != nil {
		return 0, err
	}
	if err := q.lock(ctx); err != nil {
		return 0, err
	}
	defer q.mu.Unlock()
	return q.level, nil
}

// SetLevel is messages.set_level: from now on this request records only messages of this
// level or a higher one. Errors as for RequestLevel.
func SetLevel(ctx context.Context, level Level) error {
	q, err := of(ctx)
	if err != nil {
		return err
	}
	if err := q.lock(ctx); err != nil {
		return err
	}
	defer q.mu.Unlock()
	q.level = level
	return nil
}

// ResetLevel is messages.set_level(request, None): the level is again that of [Options].
// Errors as for RequestLevel.
func ResetLevel(ctx context.Context) error {
	q, err := of(ctx)
	if err != nil {
		return err
	}
	return SetLevel(ctx, q.f.level)
}

// request is a BaseStorage, the request._messages of Django.
type request struct {
	f      *Framework
	ctx    context.Context // that of the request, with its session
	header http.Header

	mu     sync.Mutex
	level  Level
	hooked bool // store will be called
	stored bool // it was

	queued []*entry // added, not read
	added  bool     // BaseStorage.added_new
	used   bool

	loaded   []*entry
	isLoaded bool
	inCookie bool         // FallbackStorage._used_storages has the CookieStorage
	seen     *sessionList // what the session held, if it was asked
	corrupt  error        // why something could not be read
}

// hook makes the session call store before the response. The caller must hold q.mu, here
// and below.
func (q *request) hook(ctx context.Context) error {
	if q.stored {
		return djsession.ErrCommitted
	}
	if q.hooked {
		return nil
	}
	if err := djsession.BeforeCommit(waitlock.Until(ctx, q.ctx), q.store); err != nil {
		return err
	}
	q.hooked = true
	return nil
}

// lock locks q.mu, or returns an error when ctx ends.
func (q *request) lock(ctx context.Context) error {
	if err := waitlock.Lock(ctx, &q.mu); err != nil {
		return djsession.Unavailable("wait for another use of the messages", err)
	}
	return nil
}

// add is BaseStorage.add.
func (q *request) add(ctx context.Context, m Message) error {
	if err := q.lock(ctx); err != nil {
		return err
	}
	defer q.mu.Unlock()
	if err := q.hook(ctx); err != nil {
		return err
	}
	if m.Text() == "" || m.Level < q.level {
		return nil
	}
	e, err := q.f.json.newEntry(m)
	if err != nil {
		return err
	}
	if q.f.storage == Session {
		// Read the session now, because somebody sees the error here. It must be read
		// anyway.
		if _, err := q.f.m.Load(ctx); err != nil {
			return err
		}
	}
	e.Message.tags = q.f.tags
	q.queued = append(q.queued, e)
	q.added = true
	return nil
}

// get is BaseStorage.__iter__.
func (q *request) get(ctx context.Context) ([]Message, error) {
	if err := q.lock(ctx); err != nil {
		return nil, err
	}
	defer q.mu.Unlock()
	err := q.hook(ctx)
	if err == nil {
		err = q.load(ctx)
	}
	if err != nil {
		return nil, err
	}
	q.used = true
	q.loaded = append(q.loaded, q.queued...)
	q.queued = nil
	return q.messages(), nil
}

func (q *request) peek(ctx context.Context) ([]Message, error) {
	if err := q.lock(ctx); err != nil {
		return nil, err
	}
	defer q.mu.Unlock()
	if err := q.hook(ctx); err != nil {
		return nil, err
	}
	if err := q.load(ctx); err != nil {
		return nil, err
	}
	return q.messages(), nil
}

// messages returns all messages that there are now.
func (q *request) messages() []Message {
	list := make([]Message, 0, len(q.loaded)+len(q.queued))
	for _, part := range [...][]*entry{q.loaded, q.queued} {
		for _, e := range part {
			list = append(list, e.Message)
		}
	}
	return list
}

// load is BaseStorage._loaded_messages with the _get of the storages. It returns errors
// of the session. Other failures to read are noted in corrupt.
func (q *request) load(ctx context.Context) error {
	if q.isLoaded {
		return nil
	}
	var list []*entry
	more := q.f.storage == Session
	if q.f.storage != Session {
		value, _ := httpcookie.Find(q.header, cookieName)
		if value != "" {
			var err error
			if list, more, err = q.f.cookie.decode(value); err != nil {
				list, more = nil, false
				q.badCookie(err)
			}
		}
		q.inCookie = q.inCookie || len(list) > 0
	}
	if more && q.f.storage != Cookie {
		s, err := q.f.m.Load(ctx)
		if err != nil {
			return err
		}
		q.seen = q.f.json.sessionList(s)
		if q.seen.err != nil {
			q.corrupt = q.seen.err
			q.added = true // so that all is stored again, without the mark
		}
		list = append(list, q.seen.list...)
	}
	for _, e := range list {
		e.Message.tags = q.f.tags
	}
	q.loaded, q.isLoaded = list, true
	return nil
}

// badCookie does what CookieStorage._decode does with a cookie that does not decode: it
// counts as used, and so is deleted with the response. FallbackStorage deletes no cookie
// in which it found nothing.
func (q *request) badCookie(err error) {
	q.used = true
	if errors.Is(err, signer.ErrBadSignature) || errors.Is(err, signer.ErrMalformed) || errors.Is(err, serializer.ErrSyntax) {
		return // as in Django there was none
	}
	if !errors.Is(err, errCorrupt) {
		err = fmt.Errorf("%w: %w", errCorrupt, err)
	}
	q.corrupt, q.inCookie = fmt.Errorf("decode the messages cookie: %w", err), true
}

// store is MessageMiddleware.process_response with BaseStorage.update.
func (q *request) store(h http.Header, _ int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stored = true
	defer func() {
		if q.corrupt != nil {
			q.f.log(q.ctx, slog.LevelError, "djmessages: stored messages could not be read and are removed", "error", q.corrupt)
		}
	}()
	list := q.queued
	if !q.used {
		if !q.added {
			return
		}
		if err := q.load(q.ctx); err != nil {
			q.lost(len(list), err)
			return
		}
		list = append(q.loaded[:len(q.loaded):len(q.loaded)], list...)
	}
	switch q.f.storage {
	case Cookie:
		if left := q.storeCookie(h, list, true); len(left) > 0 {
			q.lost(len(left), nil)
		}
	case Session:
		if err := q.storeSession(list); err != nil {
			q.lost(len(q.queued), err)
		}
	default: // FallbackStorage._store
		if len(list) > 0 || q.inCookie {
			list = q.storeCookie(h, list, false)
		}
		if len(list) > 0 || q.seen != nil && q.seen.has() {
			if err := q.storeSession(list); err != nil {
				q.lost(len(list), err)
			}
		}
	}
}

// storeCookie is CookieStorage._store. It returns the messages that did not fit. These
// are all, if the response already sets the cookie, as the response of a Django behind a
// proxy may.
func (q *request) storeCookie(h http.Header, list []*entry, dropOldest bool) []*entry {
	if _, theirs := httpcookie.Sets(h, cookieName); theirs {
		return list
	}
	value, kept := q.f.cookie.store(list, dropOldest)
	h.Add("Set-Cookie", setCookie(&q.f.set, value))
	if dropOldest {
		return list[:len(list)-kept]
	}
	return list[kept:]
}

// lost logs the loss of n messages for the operator: it is too late to return an error.
// err is nil if the cookie is full.
func (q *request) lost(n int, err error) {
	if err == nil {
		q.f.log(q.ctx, slog.LevelError, "djmessages: messages that do not fit into the cookie, or that meet one which the handler has set, were dropped", "count", n)
		return
	}
	q.f.log(q.ctx, slog.LevelError, "djmessages: the session failed, and messages could not be stored", "count", n, "error", err)
}
