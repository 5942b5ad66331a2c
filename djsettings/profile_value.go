package djsettings

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// Value is a value of Python. It may be a secret, so it prints as its kind. The zero Value
// is None.
type Value struct{ of *any }

// Any returns the value. A text, a number, a bool or None is a string, an int64 or
// *big.Int, a float64, a bool or nil; other values have types of this module.
func (v Value) Any() any {
	if v.of == nil {
		return nil
	}
	return *v.of
}

// Text returns the value as text: a str, a Path, a number, True or False. It is "" for
// other values.
func (v Value) Text() string {
	s, _ := pyliteral.Text(v.Any())
	return s
}

// Format prints what String returns, whatever the verb.
func (v Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.String()) }

// String returns the kind of the value: "a text".
func (v Value) String() string { return pyliteral.Kind(v.Any()) }

// LogValue returns the kind of the value, for package slog.
func (v Value) LogValue() slog.Value { return slog.StringValue(v.String()) }

// MarshalText returns the kind of the value.
func (v Value) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalJSON reads a value of a profile.
func (v *Value) UnmarshalJSON(text []byte) error {
	value, err := typedValue(text)
	if err != nil {
		return err
	}
	*v = Value{}
	if value != nil {
		v.of = &value
	}
	return nil
}

// UnmarshalJSON reads an object of a profile.
func (p *Params) UnmarshalJSON(text []byte) error {
	value, err := typedValue(text)
	if err != nil {
		return err
	}
	*p = Params{}
	switch value := value.(type) {
	case nil:
	case pyliteral.Dict:
		p.dict = &paramsDict{&value}
	default:
		return errNotTyped
	}
	return nil
}

// UnmarshalJSON reads a text of a profile.
func (s *Secret) UnmarshalJSON(text []byte) error {
	var plain string
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	*s = NewSecret(plain)
	return nil
}

var (
	errNotTyped = errors.New("a value has a type that this version does not know")
	errVariable = errors.New("it names a variable of the environment that does not begin with DJSESSION_")
)

// variable is a value that is in the environment: {"env": "DJSESSION_..."}.
type variable string

// typedValue reads a value in the form of a profile. An object with one key that begins
// with $ is what JSON lacks.
func typedValue(text []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	v, err := jsonValue(dec, 1)
	if err != nil {
		return nil, err
	}
	return untag(v)
}

func untag(v any) (any, error) {
	switch v := v.(type) {
	case pyliteral.List:
		for i := range v {
			item, err := untag(v[i])
			if err != nil {
				return nil, err
			}
			v[i] = item
		}
		return v, nil
	case pyliteral.Dict:
		if len(v) == 1 {
			if name, _ := v[0].Key.(string); strings.HasPrefix(name, "$") || name == "env" {
				return tagged(name, v[0].Value)
			}
		}
		for i := range v {
			item, err := untag(v[i].Value)
			if err != nil {
				return nil, err
			}
			v[i].Value = item
		}
		return v, nil
	}
	return v, nil
}

// tagged reads the value of an object with one key.
func tagged(tag string, in any) (any, error) {
	text, isText := in.(string)
	list, isList := in.(pyliteral.List)
	switch {
	case tag == "env" && isText:
		if !isVariable(text) {
			return nil, errVariable
		}
		return variable(text), nil
	case tag == "$float" && isText:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil && !math.IsInf(f, 0) {
			return nil, errNotTyped
		}
		return f, nil
	case tag == "$bytes" && isText:
		b, err := hex.DecodeString(text)
		if err != nil {
			return nil, errNotTyped
		}
		return b, nil
	case tag == "$object" && isText:
		return pyliteral.NewOpaque(text), nil
	case tag == "$path":
		path, err := untag(in)
		if s, ok := path.(string); err == nil && ok {
			return pyliteral.Path(s), nil
		}
		return path, err
	case (tag == "$uuid" || tag == "$datetime") && isText:
		return text, nil
	case tag == "$timedelta" && isList && len(list) == 3:
		return timedelta(list)
	case tag == "$dict" && isList:
		return pairs(list)
	case (tag == "$tuple" || tag == "$set") && isList:
		v, err := untag(list)
		if err != nil {
			return nil, err
		}
		if tag == "$set" {
			return pyliteral.Set(v.(pyliteral.List)), nil
		}
		return pyliteral.Tuple(v.(pyliteral.List)), nil
	}
	return nil, errNotTyped
}

// timedelta reads days, seconds and microseconds.
func timedelta(list pyliteral.List) (any, error) {
	var n [3]int64
	for i, v := range list {
		var ok bool
		if n[i], ok = v.(int64); !ok {
			return nil, errNotTyped
		}
	}
	const most = int64(100_000) // days; a Duration holds 106,751
	if n[0] > most || n[0] < -most || n[1] < 0 || n[1] >= 86400 || n[2] < 0 || n[2] >= 1e6 {
		return pyliteral.NewOpaque("<datetime.timedelta>"), nil
	}
	return pyliteral.Duration(time.Duration(n[0])*24*time.Hour + time.Duration(n[1])*time.Second + time.Duration(n[2])*time.Microsecond), nil
}

// pairs reads the items of a dict whose keys are not all texts.
func pairs(list pyliteral.List) (any, error) {
	dict := make(pyliteral.Dict, 0, len(list))
	for _, v := range list {
		pair, ok := v.(pyliteral.List)
		if !ok || len(pair) != 2 {
			return nil, errNotTyped
		}
		key, err := untag(pair[0])
		if err != nil {
			return nil, err
		}
		value, err := untag(pair[1])
		if err != nil {
			return nil, err
		}
		dict = append(dict, pyliteral.Item{Key: key, Value: value})
	}
	return dict, nil
}

// isVariable reports whether a profile may name this variable.
func isVariable(name string) bool {
	rest, ok := strings.CutPrefix(name, envPrefix)
	return ok && rest != "" && len(rest) < 200 && strings.Trim(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// resolve replaces the variables in a value. It returns the name of the first one that is
// not set.
func resolve(v any, env func(string) (string, bool)) (_ any, unset string) {
	each := func(list []any) (unset string) {
		for i := range list {
			if list[i], unset = resolve(list[i], env); unset != "" {
				return unset
			}
		}
		return ""
	}
	switch v := v.(type) {
	case variable:
		if env != nil {
			if text, ok := env(string(v)); ok && text != "" {
				return text, ""
			}
		}
		return nil, string(v)
	case pyliteral.List:
		return v, each(v)
	case pyliteral.Tuple:
		return v, each(v)
	case pyliteral.Set:
		return v, each(v)
	case pyliteral.Dict:
		for i := range v {
			if v[i].Value, unset = resolve(v[i].Value, env); unset != "" {
				return nil, unset
			}
		}
	}
	return v, ""
}
