// Package pyclients knows the options of the Python clients that Django hands OPTIONS to:
// which of them Go uses, which it refuses, and which it may pass over.
//
// A [Table] has the options of one place in the settings: OPTIONS of one kind of cache or
// database, a dict inside of them, or the query of a Redis URL. compat_test/options compares
// the tables with the signatures of the clients themselves: an option of theirs that no table
// has fails that test.
package pyclients

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// Fate says what becomes of an option.
type Fate int

// The fates.
const (
	// Used: djsettings or djsite follows the option, or refuses a value of it.
	Used Fate = iota + 1
	// Refused: the site does something by the option that Go does not.
	Refused
	// Passed: nothing that is stored or sent depends on the option. It is warned about.
	Passed
)

// String returns the word for the table in docs/options.md.
func (f Fate) String() string {
	switch f {
	case Used:
		return "used"
	case Refused:
		return "refused"
	case Passed:
		return "passed over"
	}
	return "unknown"
}

// Option is what is known about an option.
type Option struct {
	Fate Fate
	// Why says what a refused option does, after "which", or what one that is passed over
	// is about.
	Why string
	// Cure says what to do about a refused option. It may be empty.
	Cure string

	fine func(v any) bool // the values of a refused option that mean its default
}

// Harmless reports whether the value v of a refused option means the default. None always
// does.
func (o Option) Harmless(v any) bool { return v == nil || o.fine != nil && o.fine(v) }

// Table has the options of one place in the settings.
type Table struct {
	// Name is the name of the client and of the place.
	Name    string
	options map[string]Option
	// Word is what the client calls an option.
	Word string
	// lenient is set if the client itself ignores a name that it does not know.
	lenient bool
}

// Option returns what is known about a name.
func (t *Table) Option(name string) (Option, bool) {
	o, ok := t.options[name]
	return o, ok
}

// Lenient reports whether the client ignores a name that it does not know, so that such a
// name changes nothing.
func (t *Table) Lenient() bool { return t.lenient }

// Names returns all names in order.
func (t *Table) Names() []string { return slices.Sorted(maps.Keys(t.options)) }

// Tables returns all tables.
func Tables() []*Table {
	return []*Table{
		RedisCache, RedisQuery, DjangoRedis, DjangoRedisPool, DjangoRedisSentinel, DjangoRedisClient, DjangoValkey, RedisSessionsQuery,
		Pymemcache, Pylibmc, PylibmcBehaviors, PythonMemcached, BMemcached, DjangosCaches,
		PostgreSQL, MySQL, MySQLSSL, SQLite,
	}
}

func table(name string, parts ...map[string]Option) *Table {
	t := &Table{Name: name, Word: "option", options: map[string]Option{}}
	for _, p := range parts {
		maps.Copy(t.options, p)
	}
	return t
}

// all gives each of the names, which spaces separate, the same option.
func all(o Option, names string) map[string]Option {
	m := map[string]Option{}
	for _, name := range strings.Fields(names) {
		m[name] = o
	}
	return m
}

func used(names string) map[string]Option { return all(Option{Fate: Used}, names) }

func passed(why, names string) map[string]Option {
	return all(Option{Fate: Passed, Why: why}, names)
}

// refused refuses every value of the names but None and those of fine, which may be nil.
func refused(why, cure string, fine func(any) bool, names string) map[string]Option {
	return all(Option{Fate: Refused, Why: why, Cure: cure, fine: fine}, names)
}

// falsy reports whether Python takes v for false.
func falsy(v any) bool {
	truth, known := pyliteral.Truth(v)
	return known && !truth
}

// truthy reports whether Python takes v for true.
func truthy(v any) bool {
	truth, known := pyliteral.Truth(v)
	return known && truth
}

// one reports whether v is one of these texts, whatever their case. Numbers and bools count
// by their texts.
func one(texts ...string) func(any) bool {
	return func(v any) bool {
		text, ok := pyliteral.Text(v)
		return ok && slices.ContainsFunc(texts, func(t string) bool { return strings.EqualFold(t, text) })
	}
}

// class reports whether v is a class or module, or its dotted path, of one of these names
// or of what is in them, if the name ends in a dot.
func class(names ...string) func(any) bool {
	return func(v any) bool {
		path := Path(v)
		return path != "" && slices.ContainsFunc(names, func(n string) bool {
			return path == n || strings.HasSuffix(n, ".") && strings.HasPrefix(path, n)
		})
	}
}

// Path returns the dotted path of a class, function, module or object, or v itself if it is
// a text. It is "" for anything else. It is safe to print.
func Path(v any) string {
	switch v := v.(type) {
	case string:
		if strings.Trim(v, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") == "" {
			return v
		}
	case pyliteral.Opaque:
		name := strings.TrimSuffix(strings.TrimPrefix(v.Name(), "<"), ">")
		for _, kind := range []string{"class ", "function ", "module "} {
			name = strings.TrimPrefix(name, kind)
		}
		return strings.TrimSuffix(strings.TrimSuffix(name, " ..."), "(...)")
	}
	return ""
}
