// Package web holds what the examples share and what has nothing to do with sessions: how their
// pages look, and a server that stops when it is asked to.
package web

import (
	_ "embed"
	"html/template"
	"log"
	"net/http"

	"github.com/go-djsession/go-djsession/djcsrf"
)

// Style is the stylesheet of all pages.
//
//go:embed style.css
var Style string

// Funcs are the functions of templates: those of djcsrf, and style.
func Funcs() template.FuncMap {
	funcs := djcsrf.Funcs()
	funcs["style"] = func() template.CSS { return template.CSS(Style) }
	return funcs
}

const layout = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{template "title"}}</title>
<style>{{style}}</style>
<h1>{{template "title"}}</h1>
{{template "body" .}}
`

// Page returns the template of a page with this title. body is a template that may use
// csrf_token.
func Page(title, body string) *template.Template {
	page := template.Must(template.New("page").Funcs(Funcs()).Parse(layout))
	template.Must(page.New("title").Parse(title))
	template.Must(page.New("body").Parse(body))
	return page
}

var hello = Page("A shared session", `<p>Hello {{.Name}}. Visits: {{.Visits}}.</p>`)

// Hello answers with a page that greets a visitor.
func Hello(w http.ResponseWriter, name string, visits any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := hello.Execute(w, map[string]any{"Name": name, "Visits": visits}); err != nil {
		log.Print(err)
	}
}
