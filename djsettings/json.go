package djsettings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// maxDepth is how deep JSON and maps may be nested, as with reprs.
const maxDepth = pyliteral.DefaultMaxDepth

// parseJSON reads a JSON object of settings.
func parseJSON(text string) (*document, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	line, counted := 1, 0
	here := func() int {
		at := int(dec.InputOffset())
		line += strings.Count(text[counted:at], "\n")
		counted = at
		return line
	}
	fail := func(err error) error {
		at := int(dec.InputOffset())
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = max(at, min(int(syntax.Offset), len(text)))
		} else if !errors.Is(err, pyliteral.ErrDepth) {
			at = len(text)
		}
		cause := error(pyliteral.ErrSyntax)
		if errors.Is(err, pyliteral.ErrDepth) {
			cause = err
		}
		return &LineError{1 + strings.Count(text[:at], "\n"), "", fmt.Errorf("%w: %w", ErrFormat, notJSON(cause))}
	}
	if _, err := dec.Token(); err != nil { // the opening brace
		return nil, fail(err)
	}
	doc := &document{settings: map[string]setting{}}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, fail(err)
		}
		at := here()
		v, err := jsonValue(dec, 1)
		if err != nil {
			return nil, fail(err)
		}
		doc.settings[name.(string)] = setting{value: v, line: at}
	}
	if _, err := dec.Token(); err != nil {
		return nil, fail(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fail(errors.New("more than one value"))
	}
	doc.guessAll()
	return doc, nil
}

// notJSON returns an ErrDepth as it is, and "not JSON" for any other error.
func notJSON(err error) error {
	if errors.Is(err, pyliteral.ErrDepth) {
		return err
	}
	return errors.New("not JSON")
}

func jsonValue(dec *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, pyliteral.ErrDepth
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok := tok.(type) {
	case json.Delim:
		if tok == '[' {
			list := pyliteral.List{}
			for dec.More() {
				v, err := jsonValue(dec, depth+1)
				if err != nil {
					return nil, err
				}
				list = append(list, v)
			}
			_, err := dec.Token()
			return list, err
		}
		dict := pyliteral.Dict{}
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				return nil, err
			}
			v, err := jsonValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			dict = append(dict, pyliteral.Item{Key: key, Value: v})
		}
		_, err := dec.Token()
		return dict, err
	case json.Number:
		return number(string(tok)), nil
	}
	return tok, nil
}

// number returns an int where Python's json does, else a float64.
func number(text string) any {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i
	}
	if !strings.ContainsAny(text, ".eE") && len(text) < 4300 {
		if i, ok := new(big.Int).SetString(text, 10); ok {
			return i
		}
	}
	f, _ := strconv.ParseFloat(text, 64)
	return f
}

// guessAll sets all if the document has most of Django's defaults: a missing name then says
// something about the version. It is for input without marks.
func (doc *document) guessAll() {
	known := 0
	for name := range doc.settings {
		if defaultNames[name] {
			known++
		}
	}
	doc.all = known > len(defaultNames)*3/4
}

// mapDocument makes a document of Go values.
func mapDocument(settings map[string]any) (*document, error) {
	doc := &document{settings: map[string]setting{}}
	w := &goValues{}
	for name, v := range settings {
		value, ok := w.value(reflect.ValueOf(v), 1)
		if !ok {
			return nil, &LineError{0, name, fmt.Errorf("%w: a value of type %T has no twin in Python, or is too large or too deep", ErrSetting, v)}
		}
		doc.settings[name] = setting{value: value}
	}
	doc.guessAll()
	return doc, nil
}

// goValues turns Go values into those of pyliteral. It counts them, because a slice may be
// there very often.
type goValues struct{ nodes int }

// maxValues is the most values that [FromMap] takes.
const maxValues = 1_000_000

// value returns the closest value of pyliteral. It returns pyliteral's own values as they
// are.
func (w *goValues) value(v reflect.Value, depth int) (any, bool) {
	if !v.IsValid() {
		return nil, true
	}
	if w.nodes++; depth > maxDepth || w.nodes > maxValues {
		return nil, false
	}
	switch own := v.Interface().(type) {
	case pyliteral.List, pyliteral.Tuple, pyliteral.Set, pyliteral.Dict, pyliteral.Path, pyliteral.Duration, pyliteral.Opaque, *big.Int, []byte:
		return own, true
	case time.Duration:
		return pyliteral.Duration(own), true
	case json.Number:
		return number(string(own)), true
	case Secret:
		return own.Reveal(), true
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, true
		}
		return w.value(v.Elem(), depth+1)
	case reflect.Bool:
		return v.Bool(), true
	case reflect.String:
		return v.String(), true
	case reflect.Float32, reflect.Float64:
		return v.Float(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if v.Uint() < 1<<63 {
			return int64(v.Uint()), true
		}
		return new(big.Int).SetUint64(v.Uint()), true
	case reflect.Slice, reflect.Array:
		list := pyliteral.List{}
		for i := range v.Len() {
			item, ok := w.value(v.Index(i), depth+1)
			if !ok {
				return nil, false
			}
			list = append(list, item)
		}
		return list, true
	case reflect.Map:
		dict := pyliteral.Dict{}
		for it := v.MapRange(); it.Next(); {
			key, okK := w.value(it.Key(), depth+1)
			item, ok := w.value(it.Value(), depth+1)
			if !ok || !okK {
				return nil, false
			}
			dict = append(dict, pyliteral.Item{Key: key, Value: item})
		}
		return dict, true
	}
	return nil, false
}
