package main

import (
	"os"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/filestore"
)

// openFiles opens the folder of Django's engine file.
func openFiles(dir string) (*engine, error) {
	if dir != "" {
		switch fi, err := os.Stat(dir); {
		case err != nil:
			return nil, fileProblem(err)
		case !fi.IsDir():
			return nil, refused(dir+" is no folder", "it is SESSION_FILE_PATH of the site")
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
