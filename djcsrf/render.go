package djcsrf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"runtime"
	"sync"
	"weak"
)

// Funcs returns the function that a template for [Protection.Render] is parsed with:
// csrf_token, which is {% csrf_token %} of Django, the hidden field of a form.
//
//	var page = template.Must(template.New("page").Funcs(djcsrf.Funcs()).
//		Parse(`<form method="post">{{csrf_token}} ... </form>`))
//
// A template that is executed in another way than by Render or [Protection.Page] fails at
// this function, for every visitor.
func Funcs() template.FuncMap {
	return template.FuncMap{tokenFunc: func() (template.HTML, error) { return "", errNotRendered }}
}

const tokenFunc = "csrf_token"

var errNotRendered = errors.New("djcsrf: a template with csrf_token is for Protection.Render, and cannot be executed before or beside it")

// Render answers r with the page that the template called name of t makes of data; "" is
// t itself. In it csrf_token is the hidden field of a form, see [Funcs]. The page is
// complete before the response begins, so that the cookie goes out before it. The
// Content-Type is text/html in UTF-8, unless the header has one.
//
// With an error nothing was sent, and the caller answers, for example by
// djsession.ErrorStatus. A page that the client did not wait for is no error. To send
// another status than 200, or to use the writer of a framework, see [Protection.Page].
//
// The first call copies t: it must be complete by then, and be executed by Render and Page
// only. Render is safe for concurrent use.
//
// Errors: ErrNoMiddleware; those of the template, and so of [Token].
func (p *Protection) Render(w http.ResponseWriter, r *http.Request, t *template.Template, name string, data any) error {
	page, err := p.Page(r.Context(), t, name, data)
	if err != nil {
		return err
	}
	if h := w.Header(); len(h["Content-Type"]) == 0 {
		h.Set("Content-Type", "text/html; charset=utf-8")
	}
	_, _ = w.Write(page) // the client is gone, or the Manager has answered in our place
	return nil
}

// Page returns the page that [Protection.Render] would send. Errors as for Render.
func (p *Protection) Page(ctx context.Context, t *template.Template, name string, data any) ([]byte, error) {
	x := p.find(ctx)
	if x == nil {
		return nil, ErrNoMiddleware
	}
	pool := p.copiesOf(t)
	c, ok := pool.Get().(*copied)
	if !ok {
		var err error
		if c, err = copyOf(t); err != nil { // t was executed: it has no field to give, or its own way
			c, pool = &copied{Template: t}, nil
		}
	}
	if name == "" {
		name = t.Name()
	}
	c.x = x
	var page bytes.Buffer
	err := c.ExecuteTemplate(&page, name, data)
	c.x = nil
	if pool != nil {
		pool.Put(c)
	}
	if err != nil {
		return nil, fmt.Errorf("render a page: %w", err)
	}
	return page.Bytes(), nil
}

// copied is a copy of a template whose csrf_token is about the request that has it. A
// function of a template cannot be told which execution it is called by; so each
// execution has a copy to itself.
type copied struct {
	*template.Template
	x *exchange
}

func copyOf(t *template.Template) (*copied, error) {
	clone, err := t.Clone()
	if err != nil {
		return nil, err
	}
	c := &copied{Template: clone}
	// A template that passes the context, as to Field, gets the same.
	clone.Funcs(template.FuncMap{tokenFunc: func(...context.Context) (template.HTML, error) { return c.x.field(c.x.r.Context()) }})
	return c, nil
}

// copiesOf returns the copies of t that nobody uses. They go when t does.
func (p *Protection) copiesOf(t *template.Template) *sync.Pool {
	key := weak.Make(t)
	if pool, ok := p.copies.Load(key); ok {
		return pool.(*sync.Pool)
	}
	pool, loaded := p.copies.LoadOrStore(key, new(sync.Pool))
	if !loaded {
		runtime.AddCleanup(t, func(key weak.Pointer[template.Template]) { p.copies.Delete(key) }, key)
	}
	return pool.(*sync.Pool)
}
