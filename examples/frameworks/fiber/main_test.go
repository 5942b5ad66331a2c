package main

import (
	"testing"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// TestBesideDjango: the service, with the settings that manage.py printed to a file, and a
// real Django share everything.
func TestBesideDjango(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Django")
	}
	s, django := exampletest.Shop(t)
	exampletest.Check(t, s, django, exampletest.Run(t, exampletest.PrintSettings(t, s)))
}

// TestOutage: a database that is down does not make the visitor a stranger.
func TestOutage(t *testing.T) { exampletest.CheckOutage(t) }

// TestLook: the page fits a phone, and has a dark mode.
func TestLook(t *testing.T) {
	settings, _ := exampletest.Demo(t)
	exampletest.CheckLook(t, exampletest.Run(t, settings), exampletest.Ada, "/")
}
