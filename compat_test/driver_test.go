package compat_test

import (
	_ "embed"
	"encoding/json"
	"slices"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// driver is a Django that runs the folder site.
type driver struct{ *django.Django }

// args are the arguments of a command.
type args = django.Args

// absent are the optional Djangos that this machine does not have.
func absent() []string {
	return slices.DeleteFunc(slices.Clone(optional), django.Has)
}

//go:embed site/commands.py
var commands string

// startDjango starts the site with these settings in place of those of
// site/settings.py. The process lives until Stop.
func startDjango(t testing.TB, version string, settings map[string]any) driver {
	t.Helper()
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	return driver{django.Launch(t, django.Site{
		Version: version, Dir: "site", Code: commands, Env: []string{"SITE_SETTINGS=" + string(text)},
	})}
}

// stop ends the process. How it ends is of no interest.
func (d driver) stop() { _ = d.Stop() }

// state is what a session of Django's is after its ops.
type state struct {
	Results            []json.RawMessage
	Key                string
	Accessed, Modified bool
}

// open begins a session under a name: request.session of a visitor with this key
// as the cookie, "" for none.
func (d driver) open(t testing.TB, name, key string) {
	t.Helper()
	a := args{"name": name}
	if key != "" {
		a["key"] = key
	}
	d.Call(t, "open", a, nil)
}

// run does ops to the session of that name.
func (d driver) run(t testing.TB, name string, o ...op) state {
	t.Helper()
	var got state
	d.Call(t, "run", args{"name": name, "ops": o}, &got)
	return got
}

// create stores a new session with these values and returns its key.
func (d driver) create(t testing.TB, values map[string]any) string {
	t.Helper()
	d.open(t, "created", "")
	return d.run(t, "created", op{"update", tag(values)}, op{"save"}).Key
}

// items is what Django finds when it loads the session with that key, and whether
// there is one.
func (d driver) items(t testing.TB, key string) (map[string]any, bool) {
	t.Helper()
	d.open(t, "read", key)
	got := d.run(t, "read", op{"items"})
	return untagMap(t, got.Results[0]), got.Key == key
}

// member is one top-level key of a stored session, with the JSON of its value.
type member struct{ name, raw string }

// members are those of the session with that key, byte for byte as stored.
func (d driver) members(t testing.TB, key string) []member {
	t.Helper()
	var pairs [][2]string
	d.Call(t, "members", args{"key": key}, &pairs)
	members := make([]member, len(pairs))
	for i, p := range pairs {
		members[i] = member{p[0], p[1]}
	}
	return members
}
