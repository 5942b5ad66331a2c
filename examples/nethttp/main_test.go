package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// TestBesideDjango: the service, with the settings as manage.py tells them, and a real
// Django share everything.
func TestBesideDjango(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Django")
	}
	s, django := exampletest.Shop(t)
	// -manage takes the virtual environment of the folder.
	if err := os.Symlink(filepath.Dir(filepath.Dir(s.Python)), filepath.Join(s.Dir, ".venv")); err != nil {
		t.Fatal(err)
	}
	exampletest.Check(t, s, django, exampletest.Run(t, "-manage", s.Dir))
}

// TestOutage: a database that is down is not a visitor who is not logged in.
func TestOutage(t *testing.T) { exampletest.CheckOutage(t, handler) }
