package compat_test

import (
	"bytes"
	"errors"
	"html/template"
	"net/http"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
)

// goViews are the views of the Go half.
type goViews struct{ auth *djauth.Auth }

var goPages = template.Must(template.New("").Parse(`
{{define "top"}}<!doctype html>
<html lang="en">
<head><title>A page of Go</title></head>
<body>
<h1>Go</h1>
<p>You are <b id="user">{{.User.Name}}</b>, your note is <b id="note">{{.Note}}</b>.</p>
<ul id="messages">{{range .Messages}}<li class="{{.Tags}}">{{.Text}}</li>{{end}}</ul>
{{end}}

{{define "home"}}{{template "top" .}}
<form id="note-form" method="post" action="/form/">{{.Token}}<input name="note"> <button>Send to Django</button></form>
<form id="logout-form" method="post" action="/go/logout/">{{.Token}}<button>Log out</button></form>
{{end}}

{{define "login"}}{{template "top" .}}
<form method="post">{{.Token}}<input name="username"> <input name="password" type="password"> <button>Log in</button></form>
{{end}}

{{define "password"}}{{template "top" .}}
<form method="post">{{.Token}}<input name="password" type="password"> <button>Change</button></form>
{{end}}`))

// show answers by a page. It is made before the response begins, which is when cookies
// are set.
func show(w http.ResponseWriter, r *http.Request, name string) error {
	var data struct {
		User     *djauth.Identity
		Note     string
		Messages []djmessages.Message
		Token    template.HTML
	}
	s, err := djsession.Load(r.Context())
	if err != nil {
		return err
	}
	if data.Note, err = djsession.Value(s, "note", ""); err != nil {
		return err
	}
	if data.User, err = djauth.User(r.Context()); err != nil {
		return err
	}
	if data.Messages, err = djmessages.Get(r.Context()); err != nil {
		return err
	}
	if data.Token, err = djcsrf.Field(r.Context()); err != nil {
		return err
	}
	var page bytes.Buffer
	if err := goPages.ExecuteTemplate(&page, name, data); err != nil {
		return err
	}
	_, err = page.WriteTo(w)
	return err
}

func (v *goViews) home(w http.ResponseWriter, r *http.Request) error { return show(w, r, "home") }

func (v *goViews) loginPage(w http.ResponseWriter, r *http.Request) error { return show(w, r, "login") }

func (v *goViews) login(w http.ResponseWriter, r *http.Request) error {
	account, err := v.auth.Authenticate(r.Context(), r.PostFormValue("username"), r.PostFormValue("password"))
	if errors.Is(err, djauth.ErrCredentials) {
		if err := djmessages.Error(r.Context(), "wrong"); err != nil {
			return err
		}
		return show(w, r, "login")
	}
	if err != nil {
		return err
	}
	if err := v.auth.Login(r.Context(), account, ""); err != nil {
		return err
	}
	http.Redirect(w, r, v.auth.RedirectTarget(r, "/go/"), http.StatusFound)
	return nil
}

func (v *goViews) logout(w http.ResponseWriter, r *http.Request) error {
	if err := v.auth.Logout(r.Context()); err != nil {
		return err
	}
	http.Redirect(w, r, "/go/", http.StatusFound)
	return nil
}

func (v *goViews) passwordPage(w http.ResponseWriter, r *http.Request) error {
	return show(w, r, "password")
}

func (v *goViews) password(w http.ResponseWriter, r *http.Request) error {
	user, err := djauth.User(r.Context())
	if err != nil {
		return err
	}
	account := user.Account()
	if err := v.auth.SetPassword(r.Context(), account, r.PostFormValue("password")); err != nil {
		return err
	}
	if err := v.auth.UpdateSessionAuthHash(r.Context(), account); err != nil {
		return err
	}
	http.Redirect(w, r, "/go/", http.StatusFound)
	return nil
}

// form takes a note from the form of Django's page, and goes back there.
func (v *goViews) form(w http.ResponseWriter, r *http.Request) error {
	s, err := djsession.Load(r.Context())
	if err != nil {
		return err
	}
	note := r.PostFormValue("note")
	if err := s.Set("note", note); err != nil {
		return err
	}
	if err := djmessages.Success(r.Context(), "Go noted <"+note+">"); err != nil {
		return err
	}
	http.Redirect(w, r, "/page/", http.StatusFound)
	return nil
}
