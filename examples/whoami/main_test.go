package main

import (
	"net/http"
	"testing"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// TestHello: ada, who logged in at Django, is greeted by name.
func TestHello(t *testing.T) {
	settings, _ := exampletest.Demo(t)
	at := exampletest.Run(t, settings)
	exampletest.NewBrowser(t).Get(at+"/").Has(http.StatusOK, "Hello stranger")
	exampletest.NewAda(t, at).Get(at+"/").Has(http.StatusOK, "Hello ada")
}

// TestLook: the pages fit a phone, and have a dark mode.
func TestLook(t *testing.T) {
	settings, _ := exampletest.Demo(t)
	exampletest.CheckLook(t, exampletest.Run(t, settings), exampletest.Ada, "/")
}
