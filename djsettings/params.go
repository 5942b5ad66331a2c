package djsettings

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// Params are an OPTIONS dict of DATABASES or CACHES. They may hold passwords, so
// that only their names print.
type Params struct{ dict *paramsDict }

// paramsDict is behind a pointer, and its dict behind a second one: package fmt follows
// one, in an unexported field.
type paramsDict struct{ of *pyliteral.Dict }

// Names are the names, in their order.
func (p Params) Names() []string {
	var names []string
	if p.dict != nil {
		for _, it := range *p.dict.of {
			if name, ok := it.Key.(string); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

// Has reports whether there is one of this name that is not None.
func (p Params) Has(name string) bool {
	v, _ := p.Value(name)
	return v != nil
}

// Text returns what there is under a name as text, "" for nothing and None: a
// str, a Path, a number, True or False.
func (p Params) Text(name string) string {
	v, _ := p.Value(name)
	s, _ := pyliteral.Text(v)
	return s
}

// Value returns what stands under a name, and whether anything does. A text, a number,
// a bool or None is a string, an int64 or *big.Int, a float64, a bool or nil; the rest
// has types of this module. It may be a secret.
func (p Params) Value(name string) (any, bool) {
	if p.dict == nil {
		return nil, false
	}
	return p.dict.of.Get(name)
}

// Truth is bool() of what stands under a name: false for nothing, and true for what
// only Python can tell.
func (p Params) Truth(name string) bool {
	v, ok := p.Value(name)
	if truth, known := pyliteral.Truth(v); known {
		return truth
	}
	return ok
}

// Dict returns the dict under a name; no names if there is none.
func (p Params) Dict(name string) Params {
	v, _ := p.Value(name)
	if d, ok := v.(pyliteral.Dict); ok {
		return Params{&paramsDict{&d}}
	}
	return Params{}
}

// unknown returns the names that are neither among known ones nor None.
func (p Params) unknown(known ...string) []string {
	if p.dict == nil {
		return nil
	}
	var names []string
	for _, it := range *p.dict.of {
		name, ok := it.Key.(string)
		if ok && it.Value != nil && !slices.Contains(known, name) {
			names = append(names, name)
		}
	}
	return names
}

// Format prints the names.
func (p Params) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// String gives the names.
func (p Params) String() string { return "{" + strings.Join(p.Names(), ", ") + "}" }

// LogValue gives the names to package slog.
func (p Params) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText gives the names.
func (p Params) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
