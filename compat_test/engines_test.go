package compat_test

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// engine is one way in which a site may keep its sessions.
type engine struct {
	name    string   // SESSION_ENGINE, as people call it
	cache   string   // the BACKEND of the cache, and what is odd about it; "" is none
	format  string   // how the session is serialized where Django keeps it
	djangos []string // that it is checked with; nil is every one of engineDjangos
	// settings are those that Django needs for it.
	settings func(t testing.TB, p *place) map[string]any
	// change makes our settings of them.
	change func(*djsession.Settings)
	// open opens our twin of it.
	open func(t testing.TB, p *place, site *djsession.Site) djsession.Store
	// plain says that only what JSON has comes back, as text is text and lists are lists.
	plain bool
	// noSurrogates says that text is UTF-8.
	noSurrogates bool
	// smallInts says that there is no int beyond 64 bits.
	smallInts bool
	// evict makes the cache forget the copy of a session; nil where a copy is all there is.
	evict func(t testing.TB, p *place, key string)
	// adds are keys that the engine itself puts into the data.
	adds []string
	// revives says that Django's own save brings back what was deleted.
	revives bool
}

func (e *engine) String() string {
	s := e.name
	for _, part := range []string{e.cache, e.format} {
		if part != "" {
			s += "/" + part
		}
	}
	return s
}

// engineDjangos are those that engines are checked with. The last two are optional.
var engineDjangos = append(slices.Clone(djangos), "3.2", "2.2")

// place is a Django, and where its engines keep what they have: a SQLite database and
// folders. Servers are one for all.
type place struct {
	*world
	dir string
	// pause, unless it is nil, is called before each operation of our stores; see
	// schedules_test.go.
	pause func(string)
}

var places struct {
	mu  sync.Mutex
	all map[string]*place
}

// at returns the place of a Django.
func at(t testing.TB, version string) *place {
	t.Helper()
	places.mu.Lock()
	defer places.mu.Unlock()
	p := places.all[version]
	if p == nil {
		django.Python(t, version)
		p = &place{world: &world{combo: combo{version, sqlite, tzOn}}, dir: temporary(t)}
		p.base = openDatabase(t, sqlite)
		settings := map[string]any{
			"DATABASES": map[string]any{"default": p.base.django}, "USE_TZ": true, "TIME_ZONE": "America/New_York",
		}
		if slices.Contains(djangos, version) {
			settings["INSTALLED_APPS"] = []string{
				"django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "user_sessions", "qsessions",
			}
		}
		p.dj = startDjango(t, version, settings)
		atEnd(p.dj.stop)
		p.dj.Call(t, "migrate", nil, nil)
		p.dj.Call(t, "user", args{"name": "alice"}, nil)
		if places.all == nil {
			places.all = make(map[string]*place)
		}
		places.all[version] = p
	}
	return p
}

// folder makes a folder of the place.
func (p *place) folder(t testing.TB, name string) string {
	t.Helper()
	dir := filepath.Join(p.dir, name)
	must(t, makeFolder(dir))
	return dir
}

// inEngines runs f as a subtest for each Django and each engine.
func inEngines(t *testing.T, what string, f func(t *testing.T, p *place, e *engine)) {
	for _, django := range engineDjangos {
		t.Run("django"+django, func(t *testing.T) {
			t.Parallel()
			p := at(t, django)
			for i := range engines {
				e := &engines[i]
				if e.djangos != nil && !slices.Contains(e.djangos, django) {
					continue
				}
				if testing.Short() && django != "5.2" {
					continue
				}
				t.Run(e.String(), func(t *testing.T) {
					p.mu.Lock()
					defer p.mu.Unlock()
					engineMatrix.checks(t, what, e.name, e.cache, e.format, django)
					p.settings(t, e.settings(t, p))
					f(t, p, e)
				})
			}
		})
	}
}

// managerOf is our side of the engine.
func (p *place) managerOf(t testing.TB, e *engine) *djsession.Manager {
	t.Helper()
	var change []func(*djsession.Settings)
	if e.change != nil {
		change = append(change, e.change)
	}
	site := p.site(t, change...)
	return djsession.New(e.open(t, p, site))
}

// without returns values without the keys that the engine adds.
func (e *engine) without(values map[string]any) map[string]any {
	for _, name := range e.adds {
		delete(values, name)
	}
	return values
}

// valuesOf are those of everyValue that the engine can keep.
func (p *place) valuesOf(e *engine) map[string]any {
	values := p.values()
	if e.noSurrogates {
		delete(values, "text lone surrogate")
	}
	if e.smallInts {
		delete(values, "int beyond 64 bits")
		delete(values, "int of 4000 digits")
	}
	return values
}
