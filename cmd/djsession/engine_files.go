package main

import (
	"os"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/internal/console"
)

// openFiles opens the folder of Django's engine file.
func openFiles(dir string) (*engine, error) {
	if dir != "" {
		if err := isFolder(dir, "it is SESSION_FILE_PATH of the site"); err != nil {
			return nil, err
		}
	}
	return &engine{
		on: func(site *djsession.Site) (djsession.Store, error) {
			return filestore.New(site, dir, nil)
		},
		signed:  true,
		decodes: true,
		close:   func() {},
	}, nil
}

// isFolder looks whether there is one; hint says which it should be.
func isFolder(dir, hint string) error {
	switch fi, err := os.Stat(dir); {
	case err != nil:
		return console.FileProblem(err)
	case !fi.IsDir():
		return refused(dir+" is no folder", hint)
	}
	return nil
}
