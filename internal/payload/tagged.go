package payload

import (
	"encoding/hex"
	"math/big"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/serializer"
)

const taggedHint = `tagged JSON looks like {"type":"dict","value":[[{"type":"str","value":"visits"},{"type":"int","value":"7"}]]}`

var errTagged = console.Refused("this is not tagged JSON", taggedHint)

// ParseTagged is Parse for JSON with type names, as tagged.Append writes it.
func ParseTagged(text string) (*serializer.Dict, error) {
	raw, err := ParseValue(text)
	if err != nil {
		return nil, err
	}
	v, err := untag(raw.Value())
	if err != nil {
		return nil, err
	}
	d, ok := v.(*serializer.Dict)
	if !ok {
		return nil, console.Refused("a session is a dict, and this is a value of another type", taggedHint)
	}
	return d, nil
}

// untag returns the Python value for a tagged one, if a session in JSON can hold it.
func untag(v any) (any, error) {
	d, ok := v.(*serializer.Dict)
	if !ok || d.Len() != 2 {
		return nil, errTagged
	}
	tag, _ := d.Get("type")
	value, _ := d.Get("value")
	switch tag {
	case "none":
		return nil, nil
	case "bool":
		if b, ok := value.(bool); ok {
			return b, nil
		}
	case "str":
		if s, ok := value.(string); ok {
			return s, nil
		}
	case "wtf8":
		s, ok := value.(string)
		if b, err := hex.DecodeString(s); ok && err == nil {
			return string(b), nil
		}
	case "int":
		s, ok := value.(string)
		const most = 10_000 // digits, more than Python accepts
		if n, isInt := new(big.Int).SetString(s[:min(len(s), most)], 10); ok && isInt && len(s) <= most {
			return n, nil
		}
	case "float":
		s, ok := value.(string)
		known := s == "nan" || s == "inf" || s == "-inf" || strings.Trim(s, "0123456789.e+-") == ""
		if f, err := strconv.ParseFloat(s, 64); ok && known && err == nil {
			return f, nil
		}
	case "list":
		if items, ok := value.([]any); ok {
			return untagList(items)
		}
	case "dict":
		if pairs, ok := value.([]any); ok {
			return untagDict(pairs)
		}
	case "tuple", "set", "frozenset", "bytes", "bytearray", "datetime", "date", "time", "timedelta", "decimal", "uuid", "opaque":
		return nil, console.Refused("a session in JSON cannot hold a "+tag.(string), "JSON has none, bool, int, float, str, list and dict")
	}
	return nil, errTagged
}

func untagList(items []any) (any, error) {
	list := make([]any, len(items))
	for i, item := range items {
		v, err := untag(item)
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	return list, nil
}

func untagDict(pairs []any) (any, error) {
	items := make([]serializer.Item, 0, len(pairs))
	for _, p := range pairs {
		pair, ok := p.([]any)
		if !ok || len(pair) != 2 {
			return nil, errTagged
		}
		k, err := untag(pair[0])
		if err != nil {
			return nil, err
		}
		key, ok := k.(string)
		if !ok {
			return nil, console.Refused("a key is not text", "in a session in JSON every key is")
		}
		v, err := untag(pair[1])
		if err != nil {
			return nil, err
		}
		items = append(items, serializer.Item{Key: key, Value: v})
	}
	return serializer.NewDict(items...), nil
}
