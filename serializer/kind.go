package serializer

import (
	"math/big"
	"reflect"
	"strings"
)

// kindOf returns the name of the type of v for an error: Python's name if Python has the
// type.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case []any:
		return "list"
	case *Dict:
		return "dict"
	}
	t := reflect.TypeOf(v)
	if !isPython(t) {
		return t.String()
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.ToLower(t.Name())
}
