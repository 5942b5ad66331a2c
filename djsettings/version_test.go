package djsettings

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// globalSettings returns the names in global_settings of every version, with the default of
// USE_TZ.
func globalSettings(t *testing.T) (versions []string, names map[string]map[string]string) {
	t.Helper()
	text, err := os.ReadFile("testdata/global_settings.txt")
	if err != nil {
		t.Fatal(err)
	}
	names = map[string]map[string]string{}
	now := map[string]string{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if words[0] == "#" {
			continue
		}
		for _, w := range words[1:] {
			name, value, _ := strings.Cut(w[1:], "=")
			if w[0] == '+' {
				now[name] = value
			} else if now[name] == value {
				delete(now, name)
			}
		}
		versions = append(versions, words[0])
		names[words[0]] = maps.Clone(now)
	}
	if len(versions) < 18 {
		t.Fatalf("only %d versions", len(versions))
	}
	return versions, names
}

// printed returns the output of diffsettings --all for a site with a SECRET_KEY and the
// given settings.
func printed(names map[string]string, others ...string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(names)) {
		value := names[name]
		if value == "" {
			value = "None"
		}
		if !slices.ContainsFunc(others, func(o string) bool { return strings.HasPrefix(o, name+" = ") }) && name != "SECRET_KEY" {
			fmt.Fprintf(&b, "### %s = %s\n", name, value)
		}
	}
	b.WriteString("SECRET_KEY = 'x'\n")
	for _, o := range others {
		b.WriteString(o + "\n")
	}
	return b.String()
}

// TestVersions checks that Read finds every Django since 1.8 by its settings, where they
// differ.
func TestVersions(t *testing.T) {
	// Versions with the same names and defaults as another, and the one that Read then
	// takes.
	twins := map[string]string{"2.1": "2.2", "5.1": "5.2"}
	versions, names := globalSettings(t)
	for _, full := range versions {
		parts := strings.Split(full, ".")
		want := parts[0] + "." + parts[1]
		taken := want
		if twin, ok := twins[want]; ok {
			taken = twin
		}
		for name, others := range map[string][]string{
			"defaults":             nil,
			"settings of its own":  {"SECRET_KEY_FALLBACKS = []  ###", "STORAGES = {}  ###", "OLD = 1  ###"},
			"settings that differ": {"USE_TZ = True", "DEBUG = True"},
		} {
			in := maps.Clone(names[full])
			if name == "settings of its own" { // marked only where Django does not know them
				others = slices.DeleteFunc(slices.Clone(others), func(o string) bool {
					n, _, _ := strings.Cut(o, " ")
					_, known := in[n]
					return known
				})
			}
			if name == "settings that differ" && in["USE_TZ"] == "True" {
				others = []string{"USE_TZ = False"}
			}
			doc, err := parseText(printed(in, others...))
			if err != nil {
				t.Fatalf("%s: %v", full, err)
			}
			fit := doc.versions()
			if got := fit[len(fit)-1].String(); got != taken || len(fit) > 2 {
				t.Errorf("%s, %s: got %v, want %s", full, name, fit, taken)
			}
		}
	}
}

// TestVersionSentences checks the sentences about the version.
func TestVersionSentences(t *testing.T) {
	_, names := globalSettings(t)
	for _, tt := range []struct {
		name, text, django, from, want string
		sure                           bool
		warned                         bool
	}{
		{name: "given", text: "SECRET_KEY = 'x'\n", django: "3.2.25", want: "3.2", from: "Django 3.2, as given", sure: true},
		{name: "told by all", text: allOf(names["4.2.30"]), want: "4.2", from: "Django 4.2, by the names and defaults of its settings", sure: true},
		{name: "one of two", text: allOf(names["5.2.14"]), want: "5.2", from: "Django 5.2, by the names and defaults of its settings, which fit 5.1 as well"},
		{name: "one of two that differ", text: allOf(names["2.1.15"]), want: "2.2", from: "Django 2.2, by the names and defaults of its settings, which fit 2.1 as well"},
		{name: "nothing", text: "SECRET_KEY = 'x'\nDEBUG = True\n", want: "6.1", from: "Django 6.1, which is a guess: nothing in the settings tells the version", warned: true},
		{name: "before 5.0", text: "SECRET_KEY = 'x'\nUSE_TZ = True\n", want: "4.2", from: "Django 4.2, by the names and defaults of its settings, which fit 1.8 as well", warned: true},
		{name: "since 5.0", text: "SECRET_KEY = 'x'\nUSE_TZ = False\n", want: "6.1", from: "Django 6.1, by the names and defaults of its settings, which fit 5.0 as well", warned: true},
	} {
		set, err := Read(strings.NewReader(tt.text), &Options{Django: tt.django})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		warned := slices.ContainsFunc(set.Warnings, func(w Warning) bool { return w.Setting == "Django" })
		if set.Django.String() != tt.want || set.DjangoFrom != tt.from || set.DjangoSure != tt.sure || warned != tt.warned {
			t.Errorf("%s: got %s, %q, %v, %v", tt.name, set.Django, set.DjangoFrom, set.DjangoSure, warned)
		}
	}
}

// allOf is printed, with values that fit.
func allOf(names map[string]string) string {
	text := printed(names)
	for name, value := range map[string]string{
		"SESSION_COOKIE_AGE": "1209600", "SESSION_COOKIE_NAME": "'sessionid'", "SESSION_ENGINE": "'django.contrib.sessions.backends.db'",
		"MESSAGE_STORAGE": "'django.contrib.messages.storage.fallback.FallbackStorage'", "DATABASES": "{}", "CSRF_COOKIE_AGE": "31449600",
	} {
		text = strings.Replace(text, "### "+name+" = None\n", "### "+name+" = "+value+"\n", 1)
	}
	return text
}
