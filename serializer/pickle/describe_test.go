package pickle

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/internal/pyobject"
	"github.com/go-djsession/go-djsession/serializer"
)

// describer says what a value is in the form of fixtures/gen/pickle_describe.py, so
// that what was read can be compared with what Python pickled.
type describer struct {
	numbers map[id]int
}

func describe(v any) any {
	d := describer{numbers: map[id]int{}}
	return d.value(v)
}

func (d *describer) value(v any) any {
	switch v := v.(type) {
	case nil:
		return list("none")
	case bool:
		return list("bool", v)
	case int64:
		return list("int", strconv.FormatInt(v, 10))
	case *big.Int:
		return list("int", v.String())
	case float64:
		if math.IsNaN(v) {
			return list("float", "nan")
		}
		return list("float", fmt.Sprintf("%016x", math.Float64bits(v)))
	case serializer.Decimal:
		return list("decimal", string(v))
	case serializer.Fraction:
		return list("fraction", v.Text)
	case serializer.UUID:
		return list("uuid", v.String())
	case serializer.DateTime:
		clock := []any{v.Year, v.Month, v.Day, v.Hour, v.Minute, v.Second, v.Microsecond, fold(v.Fold)}
		return list("datetime", clock, d.value(v.Zone))
	case serializer.Date:
		return list("date", []any{v.Year, v.Month, v.Day})
	case serializer.Time:
		return list("time", []any{v.Hour, v.Minute, v.Second, v.Microsecond, fold(v.Fold)}, d.value(v.Zone))
	case serializer.TimeDelta:
		return list("timedelta", []any{v.Days, v.Seconds, v.Microseconds})
	case serializer.TimeZone:
		if v.Named {
			return list("timezone", d.value(v.Offset), v.Name)
		}
		return list("timezone", d.value(v.Offset), nil)
	case serializer.ZoneInfo:
		return list("zoneinfo", v.Key, 1-fold(v.NoCache))
	case serializer.Pytz:
		if v.Localized {
			return list("pytz", v.Zone, v.UTCOffset, v.DST, v.Abbrev)
		}
		return list("pytz", v.Zone)
	case serializer.PytzFixed:
		return list("pytzfixed", int(v))
	case serializer.Path:
		l := list("path", v.Class.Module, v.Class.Name)
		for _, part := range v.Parts {
			l = append(l, part)
		}
		return l
	case serializer.SafeString:
		if v.Class == "" {
			v.Class = "SafeString"
		}
		return list("safestring", v.Class, v.Text)
	case serializer.Message:
		return list("message", v.Level, d.value(v.Message), d.value(v.ExtraTags))
	case serializer.Global:
		// By the names in Python 3, as the script has them.
		if isPython2(v.Module) {
			v.Module, v.Name = toPython3(v.Module, v.Name)
		}
		return list("global", v.Module, v.Name)
	case string:
		if !utf8.ValidString(v) {
			return d.numbered(textID(v), "wtf8", func() []any { return list(hex.EncodeToString([]byte(v))) })
		}
		return d.numbered(textID(v), "str", func() []any { return list(v) })
	case serializer.Str2:
		// The same memory may be the key of a dict, as a string.
		return d.numbered(textID(string(v)), "str2", func() []any { return list(hex.EncodeToString([]byte(v))) })
	case serializer.Bytes:
		return d.numbered(bytesID(v), "bytes", func() []any { return list(hex.EncodeToString([]byte(v))) })
	case serializer.ByteArray:
		return d.numbered(byteArrayID(v), "bytearray", func() []any { return list(hex.EncodeToString(v)) })
	case []any:
		return d.numbered(sliceID(idList, v), "list", func() []any { return list(d.values(v)) })
	case serializer.Tuple:
		if len(v) == 0 {
			return list("tuple", nil, []any{})
		}
		return d.numbered(sliceID(idTuple, v), "tuple", func() []any { return list(d.values(v)) })
	case serializer.Set:
		return d.numbered(sliceID(idSet, v), "set", func() []any { return list(d.values(v)) })
	case serializer.FrozenSet:
		return d.numbered(sliceID(idFrozenSet, v), "frozenset", func() []any { return list(d.values(v)) })
	case *serializer.Dict:
		return d.numbered(pointerID(v), "dict", func() []any { return list(d.pairs(v)) })
	case *serializer.OrderedDict:
		return d.numbered(pointerID(v), "ordereddict", func() []any { return list(d.pairs(v.Dict)) })
	case *serializer.DefaultDict:
		return d.numbered(pointerID(v), "defaultdict", func() []any { return list(d.value(v.Factory), d.pairs(v.Dict)) })
	case *serializer.Object:
		return d.numbered(pointerID(v), "object", func() []any { return d.object(v) })
	}
	panic(fmt.Sprintf("no word for a %T", v))
}

func list(v ...any) []any { return v }

func fold(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (d *describer) numbered(o id, kind string, rest func() []any) any {
	n, ok := d.numbers[o]
	if ok && o != freshID {
		return list("again", n)
	}
	n = len(d.numbers)
	d.numbers[o] = n
	return append(list(kind, n), rest()...)
}

func (d *describer) values(items []any) []any {
	l := []any{}
	for _, v := range items {
		l = append(l, d.value(v))
	}
	return l
}

func (d *describer) pairs(v *serializer.Dict) []any {
	l := []any{}
	for key, value := range v.All() {
		k := d.value(key)
		l = append(l, list(k, d.value(value)))
	}
	return l
}

func (d *describer) object(v *serializer.Object) []any {
	how := map[pyobject.Construction]string{pyobject.Called: "called", pyobject.New: "new", pyobject.NewEx: "newex", pyobject.OldStyle: "oldstyle"}[v.How]
	class, args := d.value(v.Class), d.values(v.Args)
	var kwargs any
	if v.Kwargs != nil {
		kwargs = d.value(v.Kwargs)
	}
	items, pairs := d.values(v.Items), []any{}
	for _, it := range v.SetItems {
		k := d.value(it.Key)
		pairs = append(pairs, list(k, d.value(it.Value)))
	}
	state := d.value(v.State)
	return list(how, class, args, kwargs, items, pairs, v.Built, state, d.value(v.Setter))
}

// plain returns a description as encoding/json reads it.
func plain(description any) any {
	text, err := json.Marshal(description)
	if err != nil {
		panic(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		panic(err)
	}
	return v
}

// undescriber makes the value that a description is of.
type undescriber struct {
	made  map[float64]any
	zones map[string]string
}

// undescribe returns ok false for an object, which only a pickle can make.
func undescribe(description any) (v any, ok bool) {
	if text, _ := json.Marshal(description); strings.Contains(string(text), `["object"`) {
		return nil, false
	}
	u := undescriber{map[float64]any{}, map[string]string{}}
	return u.value(description), true
}

func (u *undescriber) value(description any) any {
	l := description.([]any)
	text := func(i int) string { return l[i].(string) }
	raw := func(i int) string {
		b, err := hex.DecodeString(text(i))
		if err != nil {
			panic(err)
		}
		return string(b)
	}
	switch kind := text(0); kind {
	case "none":
		return nil
	case "bool":
		return l[1]
	case "int":
		n, _ := new(big.Int).SetString(text(1), 10)
		if n.IsInt64() {
			return n.Int64()
		}
		return n
	case "float":
		if text(1) == "nan" {
			return math.NaN()
		}
		bits, _ := strconv.ParseUint(text(1), 16, 64)
		return math.Float64frombits(bits)
	case "decimal":
		return serializer.Decimal(text(1))
	case "fraction":
		return serializer.Fraction{Text: text(1), Pair: true}
	case "uuid":
		var v serializer.UUID
		hex.Decode(v[:], []byte(strings.ReplaceAll(text(1), "-", "")))
		return v
	case "datetime":
		n := ints(l[1])
		return serializer.DateTime{Date: newDate(n), Time: newTime(n[3:], u.value(l[2]))}
	case "date":
		return newDate(ints(l[1]))
	case "time":
		return newTime(ints(l[1]), u.value(l[2]))
	case "timedelta":
		n := ints(l[1])
		return serializer.TimeDelta{Days: n[0], Seconds: n[1], Microseconds: n[2]}
	case "timezone":
		v := serializer.TimeZone{Offset: u.value(l[1]).(serializer.TimeDelta)}
		v.Name, v.Named = l[2].(string)
		return v
	case "zoneinfo":
		return serializer.ZoneInfo{Key: text(1), NoCache: l[2] == 0.0}
	case "pytz":
		// A zone and its daylight saving time have their name in common.
		if u.zones[text(1)] == "" {
			u.zones[text(1)] = text(1)
		}
		v := serializer.Pytz{Zone: u.zones[text(1)]}
		if len(l) > 2 {
			v.Localized, v.UTCOffset, v.DST, v.Abbrev = true, int(l[2].(float64)), int(l[3].(float64)), text(4)
		}
		return v
	case "pytzfixed":
		return serializer.PytzFixed(l[1].(float64))
	case "path":
		v := serializer.Path{Class: serializer.Global{Module: text(1), Name: text(2)}}
		for i := range l[3:] {
			v.Parts = append(v.Parts, text(i+3))
		}
		return v
	case "safestring":
		return serializer.SafeString{Text: text(2), Class: strings.TrimPrefix(text(1), "SafeString")}
	case "message":
		return serializer.Message{Level: int64(l[1].(float64)), Message: u.value(l[2]), ExtraTags: u.value(l[3])}
	case "global":
		return serializer.Global{Module: text(1), Name: text(2)}
	case "again":
		return u.made[l[1].(float64)]
	case "str":
		return u.made1(l, strings.Clone(text(2)))
	case "wtf8":
		return u.made1(l, raw(2))
	case "str2":
		return u.made1(l, serializer.Str2(raw(2)))
	case "bytes":
		return u.made1(l, serializer.Bytes(raw(2)))
	case "bytearray":
		return u.made1(l, newByteArray(raw(2)))
	case "list", "tuple", "set", "frozenset":
		descriptions := l[2].([]any)
		items := make([]any, len(descriptions), len(descriptions)+1)
		v := map[string]any{"list": items, "tuple": serializer.Tuple(items), "set": serializer.Set(items), "frozenset": serializer.FrozenSet(items)}[kind]
		if l[1] != nil {
			u.made1(l, v)
		}
		for i := range items {
			items[i] = u.value(descriptions[i])
		}
		return v
	case "dict":
		b := newDict(l[2])
		u.made1(l, b.Dict())
		return u.pairs(b, l[2])
	case "ordereddict":
		b := newDict(l[2])
		v := u.made1(l, &serializer.OrderedDict{Dict: b.Dict().(*serializer.Dict)})
		u.pairs(b, l[2])
		return v
	case "defaultdict":
		b := newDict(l[3])
		v := &serializer.DefaultDict{Dict: b.Dict().(*serializer.Dict)}
		u.made1(l, v)
		v.Factory = u.value(l[2])
		u.pairs(b, l[3])
		return v
	default:
		panic("unknown kind " + kind)
	}
}

func (u *undescriber) made1(l []any, v any) any {
	u.made[l[1].(float64)] = v
	return v
}

// newDict has room for pairs.
func newDict(pairs any) pydict.Builder {
	n := len(pairs.([]any))
	return pydict.NewSlab().Builder(n, 1, n)
}

func (u *undescriber) pairs(b pydict.Builder, pairs any) any {
	for _, p := range pairs.([]any) {
		pair := p.([]any)
		key := u.value(pair[0])
		value := u.value(pair[1])
		if name, ok := key.(string); ok {
			b.Add(name, value)
		} else {
			b.AddKey(key, value)
		}
	}
	b.Done(nil)
	return b.Dict()
}

func newDate(n []int) serializer.Date { return serializer.Date{Year: n[0], Month: n[1], Day: n[2]} }

func newTime(n []int, zone any) serializer.Time {
	return serializer.Time{Hour: n[0], Minute: n[1], Second: n[2], Microsecond: n[3], Fold: n[4] == 1, Zone: zone}
}

func ints(v any) []int {
	var out []int
	for _, n := range v.([]any) {
		out = append(out, int(n.(float64)))
	}
	return out
}
