package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// TestSessions: ada has two browsers, and ends the session of the other one.
func TestSessions(t *testing.T) {
	settings, _ := exampletest.Demo(t)
	at := exampletest.Run(t, settings)
	exampletest.NewBrowser(t).Get(at+"/").Has(http.StatusForbidden, "Please log in.")
	ada := exampletest.NewAda(t, at)
	page := ada.Get(at+"/").Has(http.StatusOK, "this browser", "another browser")
	if strings.Contains(page.Body, exampletest.Ada) {
		t.Error("a session key is on the page")
	}
	// A session of hers that is signed with another key is left.
	ada.Submit(at+"/end").Has(http.StatusOK, "this browser", "may be yours").HasNot("another browser")
	// A form without its token is from another site.
	exampletest.NewAda(t, at).Submit(at + "/end").Has(http.StatusForbidden)
}

// TestLook: the page fits a phone, and has a dark mode.
func TestLook(t *testing.T) {
	settings, _ := exampletest.Demo(t)
	exampletest.CheckLook(t, exampletest.Run(t, settings), exampletest.Ada, "/")
}

// TestEndOthers: a login at Django ends when the user ends all others here.
func TestEndOthers(t *testing.T) {
	s, django := exampletest.Shop(t)
	at := exampletest.Run(t, exampletest.PrintSettings(t, s))
	here, there := exampletest.NewBrowser(t), exampletest.NewBrowser(t)
	here.Login(s, django).Has(http.StatusOK, "Log out demo")
	there.Login(s, django).Has(http.StatusOK, "Log out demo")
	here.Get(at+"/").Has(http.StatusOK, "this browser", "another browser")
	here.Submit(at+"/end").Has(http.StatusOK, "All others have ended.").HasNot("another browser")
	there.Get(django + "/").HasNot("Log out demo")
	here.Get(django+"/").Has(http.StatusOK, "Log out demo")
}
