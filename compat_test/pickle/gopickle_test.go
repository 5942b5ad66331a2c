package pickle_test

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	gopickle "github.com/nlpodyssey/gopickle/pickle"
	"github.com/nlpodyssey/gopickle/types"

	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// gopickleDiffers says where gopickle v0.3.0 reads plain data otherwise than we do.
// All of these are its faults: TestLive has CPython confirm what we read.
var gopickleDiffers = []struct {
	reason string
	is     func(p *pickled, theirs string) bool
}{
	{"texts of protocol 0 keep their escapes", func(p *pickled, _ string) bool {
		return p.protocol == 0 && slices.Contains([]string{"strs", "surrogates", "py2-strs", "bytes"}, p.vector)
	}},
	{"bytes, bytearrays and sets that are made by a call are not read", func(p *pickled, theirs string) bool {
		return p.protocol < 5 && strings.HasPrefix(theirs, "error: REDUCE requires a Callable object")
	}},
	{"a LONG1 of no bytes is a panic", func(p *pickled, theirs string) bool {
		return p.file == "cpython2.7" && p.vector == "longs" && strings.HasPrefix(theirs, "panic: ")
	}},
}

// TestGopickle compares what gopickle and we read of plain data.
func TestGopickle(t *testing.T) {
	used := map[string]bool{}
	compared := 0
	for _, p := range corpus(t) {
		v, err := pickle.Load(p.raw, nil)
		if err != nil {
			t.Errorf("%s: %v", p.name(), err)
			continue
		}
		ours, ok := plainText(v, 0)
		if !ok {
			continue // an object, or it holds itself
		}
		compared++
		theirs := readByGopickle(p.raw)
		if theirs == ours {
			continue
		}
		known := false
		for _, d := range gopickleDiffers {
			if d.is(&p, theirs) {
				used[d.reason], known = true, true
			}
		}
		if !known {
			t.Errorf("%s:\nours   %.300s\ntheirs %.300s", p.name(), ours, theirs)
		}
	}
	for _, d := range gopickleDiffers {
		if !used[d.reason] {
			t.Errorf("nothing differs because %s", d.reason)
		}
	}
	if compared < 500 {
		t.Errorf("only %d pickles were compared", compared)
	}
}

func readByGopickle(raw []byte) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprint("panic: ", r)
		}
	}()
	u := gopickle.NewUnpickler(bytes.NewReader(raw))
	v, err := u.Load()
	if err != nil {
		return "error: " + err.Error()
	}
	text, _ = plainText(v, 0)
	return text
}

// plainText writes plain data of either library, sets in order.
func plainText(v any, depth int) (string, bool) {
	if depth > 150 {
		return "", false
	}
	list := func(kind string, items []any, sorted bool) (string, bool) {
		parts := make([]string, len(items))
		for i, item := range items {
			var ok bool
			if parts[i], ok = plainText(item, depth+1); !ok {
				return "", false
			}
		}
		if sorted {
			slices.Sort(parts)
		}
		return kind + "(" + strings.Join(parts, ",") + ")", true
	}
	pair := func(key, value any) (string, bool) {
		k, ok1 := plainText(key, depth+1)
		v, ok2 := plainText(value, depth+1)
		return k + ":" + v, ok1 && ok2
	}
	switch v := v.(type) {
	case nil:
		return "None", true
	case bool:
		return strconv.FormatBool(v), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case *big.Int:
		return v.String(), true
	case float64:
		return "float " + strconv.FormatFloat(v, 'g', -1, 64), true
	case string:
		return strconv.Quote(v), true
	case serializer.Str2: // gopickle makes no difference
		return strconv.Quote(string(v)), true
	case serializer.Bytes:
		return "bytes " + strconv.Quote(string(v)), true
	case []byte:
		return "bytes " + strconv.Quote(string(v)), true
	case serializer.ByteArray:
		return "bytearray " + strconv.Quote(string(v)), true
	case *types.ByteArray:
		return "bytearray " + strconv.Quote(string(*v)), true
	case []any:
		return list("list", v, false)
	case *types.List:
		return list("list", *v, false)
	case serializer.Tuple:
		return list("tuple", v, false)
	case *types.Tuple:
		return list("tuple", *v, false)
	case serializer.Set:
		return list("set", v, true)
	case *types.Set:
		items := []any{}
		for item := range *v {
			items = append(items, item)
		}
		return list("set", items, true)
	case serializer.FrozenSet:
		return list("frozenset", v, true)
	case *types.FrozenSet:
		items := []any{}
		for item := range *v {
			items = append(items, item)
		}
		return list("frozenset", items, true)
	case *serializer.Dict:
		var parts []string
		for key, value := range v.All() {
			text, ok := pair(key, value)
			if !ok {
				return "", false
			}
			parts = append(parts, text)
		}
		return "dict{" + strings.Join(parts, ",") + "}", true
	case *types.Dict:
		var parts []string
		for _, e := range *v {
			text, _ := pair(e.Key, e.Value)
			parts = append(parts, text)
		}
		return "dict{" + strings.Join(parts, ",") + "}", true
	}
	return fmt.Sprintf("%T", v), false
}
