// Package venv finds the Python of a Django site.
package venv

import (
	"os"
	"path/filepath"
	"runtime"
)

// Python returns the program that runs manage.py in dir: that of the folder's virtual
// environment (.venv or venv), else that of VIRTUAL_ENV, which env returns, else python3.
// env may be nil.
func Python(dir string, env func(name string) string) string {
	places := []string{filepath.Join(dir, ".venv"), filepath.Join(dir, "venv")}
	if env != nil {
		if active := env("VIRTUAL_ENV"); active != "" {
			places = append(places, active)
		}
	}
	inside := filepath.Join("bin", "python")
	if runtime.GOOS == "windows" {
		inside = filepath.Join("Scripts", "python.exe")
	}
	for _, place := range places {
		path := filepath.Join(place, inside)
		if fi, err := os.Stat(path); err == nil && !fi.IsDir() {
			return path
		}
	}
	return "python3"
}
