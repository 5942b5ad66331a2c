package main

import (
	"net/http"
	"testing"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// TestLogin: ada logs in with her Django password, and logs out.
func TestLogin(t *testing.T) {
	settings, _ := exampletest.Demo(t)
	at := exampletest.Run(t, settings)
	b := exampletest.NewBrowser(t)
	b.Get(at+"/").Has(http.StatusOK, "Log in")
	b.Submit(at+"/login", "username", "ada", "password", "wrong").Has(http.StatusOK, "Wrong name or password.")
	b.Submit(at+"/login", "username", "ada", "password", exampletest.AdaPassword).Has(http.StatusOK, "Hello ada")
	b.Submit(at+"/logout").Has(http.StatusOK, "Log in").HasNot("ada")

	// A form without its token is from another site.
	ada := exampletest.NewAda(t, at)
	ada.Submit(at + "/logout").Has(http.StatusForbidden)
	ada.Get(at+"/").Has(http.StatusOK, "Hello ada")
}

// TestLook: the pages fit a phone, and have a dark mode.
func TestLook(t *testing.T) {
	settings, _ := exampletest.Demo(t)
	exampletest.CheckLook(t, exampletest.Run(t, settings), "", "/")
}
