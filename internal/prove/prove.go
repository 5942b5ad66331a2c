// Package prove shows that a Go program and a Django site share sessions. It makes two
// sessions in the site's own store, its canaries: Go writes one and the site's own Django
// reads it, Django writes the other and Go reads it, each changes the other's, and each sees
// that the other deleted one.
//
// The canaries are anonymous, hold invented values and live for five minutes. Run deletes
// them. If this process is killed, the site's Django deletes them; if that is killed, Run
// does.
package prove

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// ErrDiffers: one side reads something else than the other wrote.
var ErrDiffers = errors.New("prove: Go and Django differ")

const (
	life = 5 * time.Minute // of a canary
	slow = time.Minute     // what a slow machine may take of it
)

// Report says what was shown.
type Report struct {
	// Django is the version of the site, and Engine its SESSION_ENGINE.
	Django, Engine string
	// Shown are sentences, one for each step that went well, in their order.
	Shown []string
}

// Command returns the command that runs Python code from its standard input in the site with
// its manage.py in dir, with this Python.
func Command(ctx context.Context, python, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, python, append([]string{"-B", "manage.py", "shell"}, args...)...)
	cmd.Dir = filepath.Clean(dir)
	cmd.Cancel = func() error { return nil } // it ends with its commands, and cleans up
	return cmd
}

// Run shows that m and the Django of cmd share sessions. cmd is what [Command] returns, or
// anything that runs Python code from its standard input in the site.
//
// Errors: [ErrDiffers], with the step; [ErrSite]; those of the store.
func Run(ctx context.Context, m *djsession.Manager, cmd *exec.Cmd) (*Report, error) {
	c, err := start(cmd)
	if err != nil {
		return nil, err
	}
	p := &proof{ctx: ctx, m: m, child: c, report: new(Report)}
	defer p.clean()
	if err := c.call(ctx, "hello", nil, p.report); err != nil {
		return nil, err
	}
	if m.Store() != nil {
		err = p.stored()
	} else {
		err = p.sealed()
	}
	return p.report, err
}

type proof struct {
	ctx    context.Context
	m      *djsession.Manager
	child  *child
	report *Report
	keys   []string // of the canaries
}

// found is what prove.py reads.
type found struct {
	Found bool
	Key   string
	Data  map[string]any
	Age   float64
}

// values are those of a canary: what JSON has, with what the two languages could take for
// something else.
func values(by string) map[string]any {
	return map[string]any{
		"by": by, "text": "z\u00fcrich \u6771\u4eac \U0001f511 <&'\">\u2028", "empty": "", "yes": true, "no": false, "none": nil,
		"int": int64(1 << 53), "long": json.Number("1180591620717411303424"), "float": 0.1, "whole": json.Number("1.0"), "small": 1e-7,
		"list": []any{1, []any{}, map[string]any{}}, "dict": map[string]any{"a": map[string]any{"1": nil}},
	}
}

// clean deletes the canaries, each side what it knows of.
func (p *proof) clean() {
	p.child.stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 10*time.Second)
	defer cancel()
	for _, key := range p.keys {
		_ = p.m.Delete(ctx, key) // it lives for five minutes
	}
}

func (p *proof) shown(format string, args ...any) {
	p.report.Shown = append(p.report.Shown, fmt.Sprintf(format, args...))
}

func differs(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDiffers, fmt.Sprintf(format, args...))
}

// stored is the proof for engines that store sessions.
func (p *proof) stored() error {
	key := p.m.Site().NewKey()
	if err := p.child.call(p.ctx, "expect", map[string]any{"key": key}, nil); err != nil {
		return err
	}
	p.keys = append(p.keys, key)
	if err := p.create(key); err != nil {
		return err
	}
	want := values("Go")
	if err := p.djangoReads(key, want); err != nil {
		return err
	}
	p.shown("Django reads what Go wrote: %d values, and when the session ends.", len(want))

	if err := p.child.call(p.ctx, "change", map[string]any{"key": key, "name": "by", "value": "Django"}, nil); err != nil {
		return err
	}
	want["by"] = "Django"
	if err := p.goReads(key, want); err != nil {
		return err
	}
	p.shown("Go reads what Django changed in it.")

	var made found
	if err := p.child.call(p.ctx, "write", map[string]any{"data": values("Django"), "age": int(life.Seconds())}, &made); err != nil {
		return err
	}
	p.keys = append(p.keys, made.Key)
	if err := p.goReads(made.Key, values("Django")); err != nil {
		return err
	}
	p.shown("Go reads what Django wrote, and when the session ends.")

	s, err := p.m.Open(p.ctx, made.Key)
	if err != nil {
		return err
	}
	if err := s.Set("by", "Go"); err != nil {
		return err
	}
	if err := s.Save(p.ctx); err != nil {
		return err
	}
	if err := p.djangoReads(made.Key, values("Go")); err != nil {
		return err
	}
	p.shown("Django reads what Go changed in it.")

	if err := p.m.Delete(p.ctx, made.Key); err != nil {
		return err
	}
	var gone found
	if err := p.child.call(p.ctx, "read", map[string]any{"key": made.Key}, &gone); err != nil {
		return err
	}
	if gone.Found {
		return differs("Django still finds a session that Go has deleted")
	}
	if err := p.child.call(p.ctx, "delete", map[string]any{"key": key}, nil); err != nil {
		return err
	}
	if _, err := p.m.Open(p.ctx, key); !errors.Is(err, djsession.ErrNotFound) {
		if err == nil {
			err = differs("Go still finds a session that Django has deleted")
		}
		return err
	}
	p.shown("Each sees that the other has deleted a session.")
	return nil
}

// create stores a canary of Go's under a key that Django knows of already.
func (p *proof) create(key string) error {
	all := values("Go")
	all["_session_expiry"] = int(life.Seconds())
	frozen, err := serializer.Freeze(all, p.m.Site().Limits().Data)
	if err != nil {
		return err
	}
	data := frozen.(serializer.Lazy).Value().(*serializer.Dict)
	site := p.m.Site()
	expires, err := site.ExpiryDate(data, site.Now())
	if err != nil {
		return err
	}
	_, err = p.m.Store().Create(p.ctx, key, &djsession.Record{Data: data, Expires: expires})
	return err
}

// djangoReads compares what Django reads under key.
func (p *proof) djangoReads(key string, want map[string]any) error {
	var got found
	if err := p.child.call(p.ctx, "read", map[string]any{"key": key}, &got); err != nil {
		return err
	}
	if !got.Found {
		return differs("Django does not find the session that Go stored, or it has expired for Django, or does not decode there")
	}
	return same("Django", got.Data, want, time.Duration(got.Age*float64(time.Second)))
}

// goReads compares what Go reads under key.
func (p *proof) goReads(key string, want map[string]any) error {
	s, err := p.m.Open(p.ctx, key)
	switch {
	case errors.Is(err, djsession.ErrNotFound), errors.Is(err, djsession.ErrExpired), errors.Is(err, djsession.ErrCorrupt):
		return differs("Go does not read the session that Django stored: %v", err)
	case err != nil:
		return err
	}
	return p.sameSession(s, want)
}

func (p *proof) sameSession(s *djsession.Session, want map[string]any) error {
	got := map[string]any{}
	for name, v := range s.Items() {
		if name == "_session_expiry" {
			continue
		}
		text, err := serializer.AppendText(nil, v, "")
		if err != nil {
			return err
		}
		if got[name], err = numbers(text); err != nil {
			return err
		}
	}
	age, err := s.ExpiryAge()
	if err != nil {
		return err
	}
	return same("Go", got, want, age)
}

// same compares what a side read. It names values, and does not quote them.
func same(side string, got, want map[string]any, age time.Duration) error {
	for name, v := range want {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if v, err = numbers(text); err != nil {
			return err
		}
		if read, ok := got[name]; !ok || !equal(read, v) {
			return differs("%s reads another value of %q than was written", side, name)
		}
	}
	if len(got) != len(want) {
		return differs("%s reads %d values, want %d", side, len(got), len(want))
	}
	if age > life+time.Second || age < life-slow {
		return differs("for %s the session ends in %v, want %v", side, age.Round(time.Second), life)
	}
	return nil
}

// numbers reads JSON without rounding numbers.
func numbers(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// equal compares what [numbers] returned. 1 and 1.0 differ, and 1e-07 is 1e-7.
func equal(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		if !ok || strings.ContainsAny(string(a), ".eE") != strings.ContainsAny(string(b), ".eE") {
			return false
		}
		x, okX := new(big.Rat).SetString(string(a))
		y, okY := new(big.Rat).SetString(string(b))
		return okX && okY && x.Cmp(y) == 0
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	}
	return a == b
}

// sealed is the proof for signed_cookies, where the cookie holds the session.
func (p *proof) sealed() error {
	cookie := p.m.Site().Settings().CookieName
	visit := func(text string, do func(*djsession.Session) error) (string, error) {
		var err error
		r := httptest.NewRequest(http.MethodGet, "https://prove.invalid/", nil).WithContext(p.ctx)
		if text != "" {
			r.AddCookie(&http.Cookie{Name: cookie, Value: text})
		}
		w := httptest.NewRecorder()
		p.m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			s, failed := djsession.Load(r.Context())
			if failed == nil {
				failed = do(s)
			}
			err = failed
		})).ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			if c.Name == cookie {
				text = c.Value
			}
		}
		return text, err
	}
	reads := func(want map[string]any) func(s *djsession.Session) error {
		return func(s *djsession.Session) error {
			if missing := s.Missing(); missing != nil {
				return differs("Go does not read the cookie that Django made: %v", missing)
			}
			return p.sameSession(s, want)
		}
	}
	text, err := visit("", func(s *djsession.Session) error {
		if err := s.SetExpiry(djsession.Seconds(int(life.Seconds()))); err != nil {
			return err
		}
		return s.SetAll(values("Go"))
	})
	if err != nil {
		return err
	}
	if err := p.djangoReads(text, values("Go")); err != nil {
		return err
	}
	p.shown("Django reads the cookie that Go made: %d values, and when the session ends.", len(values("Go")))
	var made found
	if err := p.child.call(p.ctx, "write", map[string]any{"data": values("Django"), "age": int(life.Seconds())}, &made); err != nil {
		return err
	}
	if _, err := visit(made.Key, reads(values("Django"))); err != nil {
		return err
	}
	p.shown("Go reads the cookie that Django made.")
	return nil
}
