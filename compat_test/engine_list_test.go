package compat_test

import (
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/filestore"
)

var engines = []engine{
	{
		name: "file", format: "JSON", plain: true,
		settings: func(t testing.TB, p *place) map[string]any {
			return map[string]any{"SESSION_ENGINE": "django.contrib.sessions.backends.file", "SESSION_FILE_PATH": p.folder(t, "sessions")}
		},
		open: func(t testing.TB, p *place, site *djsession.Site) djsession.Store {
			s, err := filestore.New(site, p.folder(t, "sessions"), nil)
			must(t, err)
			return s
		},
	},
}
