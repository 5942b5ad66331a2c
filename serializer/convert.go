package serializer

import (
	"reflect"
	"strconv"
)

// Field returns the value of the text key name of d as a T, or def if d has no such key.
// It is request.session.get(name, default) with a type.
//
// The error is a [*ConvertError] whose Path begins with name; then Field returns def.
// Convert says which value fits which type.
func Field[T any](d *Dict, name string, def T) (T, error) {
	i := d.find(name)
	if i < 0 {
		return def, nil
	}
	var t T
	v := d.at(i).val
	if raw, ok := v.(RawJSON); ok && scalar(&t, raw) {
		return t, nil
	}
	t, err := convert[T](v)
	if err != nil {
		return def, err.in(name)
	}
	return t, nil
}

// Convert returns v, a value of a session, as a T. It guesses nothing:
//
//   - An int fits Go's integers, big.Int and json.Number if it is in range, and a
//     float if the float can hold it exactly. A float fits floats and json.Number:
//     1.0 is no int. A bool is no number.
//   - None fits pointers, any, slices and maps, and makes them nil.
//   - A str fits strings. It fits time.Time if datetime.isoformat writes it for
//     an aware datetime. A naive datetime does not fit: its zone is unknown.
//   - A list fits slices, []any, and arrays of the same length.
//   - A dict fits *Dict, maps and structs. The names of a struct are those of
//     encoding/json, but upper and lower case differ. Convert ignores keys that
//     the struct does not name. Fields that the dict does not name
//     stay zero.
//   - A type with UnmarshalJSON gets the JSON of every value but None, a type with
//     UnmarshalText every str.
//   - From a pickle: a tuple or a set fits like a list, bytes fit []byte, a
//     datetime fits time.Time, a timedelta time.Duration, a Decimal or a UUID a type with
//     UnmarshalText. Every named type of this package fits itself.
//   - any becomes what Dict.Get returns.
//
// The result shares nothing changeable with v. The error is a [*ConvertError]; T is then
// its zero value.
func Convert[T any](v any) (T, error) {
	var t T
	if raw, ok := v.(RawJSON); ok && scalar(&t, raw) {
		return t, nil
	}
	t, err := convert[T](v)
	if err != nil {
		return t, err
	}
	return t, nil
}

// convert is Convert by reflection. It has a variable of its own, so that the variable of
// its callers can stay on the stack.
func convert[T any](v any) (T, *ConvertError) {
	var t, zero T
	c := converter{walk: newBudget(v)}
	if err := c.set(reflect.ValueOf(&t).Elem(), v, 0); err != nil {
		return zero, err
	}
	return t, nil
}

// scalar sets *dst to the value of raw without boxing it, if *dst has one of the most
// common types and raw fits it.
func scalar(dst any, raw RawJSON) bool {
	switch dst.(type) {
	case *string, *bool, *int, *int64, *float64:
	default:
		return false
	}
	p := scanner{s: string(raw), lim: noLimits}
	if raw == "" {
		return false
	}
	if raw[0] == '"' {
		to, ok := dst.(*string)
		if !ok {
			return false
		}
		end, plain := p.str(0)
		if end != len(p.s) {
			return false
		}
		if plain {
			*to = p.s[1 : len(p.s)-1]
		} else {
			*to = unquote(p.s, false)
		}
		return true
	}
	if p.value(0, 0) != len(p.s) {
		return false
	}
	switch to := dst.(type) {
	case *bool:
		*to = raw == "true"
		return *to || raw == "false"
	case *float64:
		if raw[0] != '-' && !isDigit(raw[0]) || isWhole(p.s) {
			return false
		}
		*to = floatValue(p.s)
		return true
	}
	n, err := strconv.ParseInt(p.s, 10, 64)
	if err != nil {
		return false
	}
	switch to := dst.(type) {
	case *int64:
		*to = n
		return true
	case *int:
		*to = int(n)
		return int64(*to) == n
	}
	return false
}
