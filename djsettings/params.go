package djsettings

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
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
	v, _ := p.get(name)
	return v != nil
}

// Text returns what there is under a name as text, "" for nothing and None: a
// str, a Path, a number, True or False.
func (p Params) Text(name string) string {
	v, _ := p.get(name)
	s, _ := scalarText(v)
	return s
}

func (p Params) get(name string) (any, bool) {
	if p.dict == nil {
		return nil, false
	}
	return p.dict.of.Get(name)
}

// truth is bool() of what there is under a name; what is no literal is true.
func (p Params) truth(name string) bool {
	v, ok := p.get(name)
	if truth, known := truthOf(v); known {
		return truth
	}
	return ok
}

func (p Params) dictAt(name string) Params {
	v, _ := p.get(name)
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

// scalarText is a value as the text that Django would put into a connection
// string.
func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	case pyliteral.Path:
		return string(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case bool:
		if v {
			return "True", true
		}
		return "False", true
	}
	return "", false
}
