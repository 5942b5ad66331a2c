package main

import (
	"testing"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// TestBesideDjango: the service, with the settings as manage.py printed them to a file,
// and a real Django share everything, as does a form in the handlers of the router.
func TestBesideDjango(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Django")
	}
	s, django := exampletest.Shop(t)
	settings := exampletest.PrintSettings(t, s)
	exampletest.Check(t, s, django, exampletest.Run(t, settings))
	exampletest.CheckForm(t, s, django, exampletest.Serve(t, settings, withForm))
}

// TestOutage: a database that is down is not a visitor who is not logged in.
func TestOutage(t *testing.T) { exampletest.CheckOutage(t) }
