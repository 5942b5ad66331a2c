package vectors

import (
	"fmt"
	"iter"
	"math/big"
	"reflect"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
	"github.com/go-djsession/go-djsession/serializer"
)

// same reports whether a value of the profile and one that Go read are equal. The order of
// a dict does not count.
func same(want, got any) bool {
	switch want := want.(type) {
	case pyliteral.Dict:
		var all iter.Seq2[any, any]
		n := 0
		switch got := got.(type) {
		case *serializer.Dict:
			all, n = got.All(), got.Len()
		case map[string]any:
			n = len(got)
			all = func(yield func(any, any) bool) {
				for k, v := range got {
					if !yield(k, v) {
						return
					}
				}
			}
		default:
			return false
		}
		if n != len(want) {
			return false
		}
		for k, v := range all {
			name, ok := k.(string)
			if !ok {
				return false
			}
			value, ok := want.Get(name)
			if !ok || !same(value, v) {
				return false
			}
		}
		return true
	case pyliteral.List:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for i := range want {
			if !same(want[i], list[i]) {
				return false
			}
		}
		return true
	case int64, *big.Int:
		switch got.(type) {
		case int, int64, *big.Int:
			return fmt.Sprint(want) == fmt.Sprint(got)
		}
		return false
	}
	return reflect.DeepEqual(want, got)
}
