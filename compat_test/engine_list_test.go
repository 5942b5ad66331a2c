package compat_test

import (
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

const pickleSerializer = "django.contrib.sessions.serializers.PickleSerializer" // until Django 5.0

var engines = []engine{
	{
		name: "db", format: "JSON", plain: true,
		settings: func(t testing.TB, p *place) map[string]any {
			return map[string]any{"SESSION_ENGINE": "django.contrib.sessions.backends.db"}
		},
		open: func(t testing.TB, p *place, site *djsession.Site) djsession.Store {
			return p.slow(dbstore.New(site, p.base.db, dbstore.SQLite, nil))
		},
	},
	{
		name: "db", format: "PickleSerializer", djangos: []string{"4.2", "3.2", "2.2"},
		settings: func(t testing.TB, p *place) map[string]any {
			return map[string]any{"SESSION_ENGINE": "django.contrib.sessions.backends.db", "SESSION_SERIALIZER": pickleSerializer}
		},
		change: func(s *djsession.Settings) { s.Serializer = pickle.Serializer{} },
		open: func(t testing.TB, p *place, site *djsession.Site) djsession.Store {
			return dbstore.New(site, p.base.db, dbstore.SQLite, nil)
		},
	},
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
