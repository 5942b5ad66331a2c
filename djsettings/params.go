package djsettings

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// Params are an OPTIONS dict of DATABASES or CACHES. They may hold passwords, so only their
// names print.
type Params struct{ dict *paramsDict }

// paramsDict is behind a pointer, and its dict behind another: in an unexported field
// package fmt follows one pointer.
type paramsDict struct{ of *pyliteral.Dict }

// Names returns the names in their order.
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

// Has reports whether the name has a value that is not None.
func (p Params) Has(name string) bool {
	v, _ := p.Value(name)
	return v != nil
}

// Text returns the value as text: a str, a Path, a number, True or False. It is "" if there
// is none, and for None.
func (p Params) Text(name string) string {
	v, _ := p.Value(name)
	s, _ := pyliteral.Text(v)
	return s
}

// Value returns the value of a name, and whether there is one. A text, a number, a bool or
// None is a string, an int64 or *big.Int, a float64, a bool or nil; other values have types
// of this module. It may be a secret.
func (p Params) Value(name string) (any, bool) {
	if p.dict == nil {
		return nil, false
	}
	return p.dict.of.Get(name)
}

// Truth is bool() of the value. It is false if there is none, and true for a value whose
// truth only Python knows.
func (p Params) Truth(name string) bool {
	v, ok := p.Value(name)
	if truth, known := pyliteral.Truth(v); known {
		return truth
	}
	return ok
}

// Dict returns the dict that is the value of a name, or empty Params.
func (p Params) Dict(name string) Params {
	v, _ := p.Value(name)
	if d, ok := v.(pyliteral.Dict); ok {
		return Params{&paramsDict{&d}}
	}
	return Params{}
}

// Format prints the names, whatever the verb.
func (p Params) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// String returns the names.
func (p Params) String() string { return "{" + strings.Join(p.Names(), ", ") + "}" }

// LogValue returns the names, for package slog.
func (p Params) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText returns the names.
func (p Params) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
