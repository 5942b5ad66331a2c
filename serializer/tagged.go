package serializer

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// appendTagged is tagged.Append.
func appendTagged(dst []byte, v any) ([]byte, error) {
	walk := newBudget(v)
	t := tagger{newWalker(&walk, 0)}
	if err := t.value(v, 0); err != nil {
		return dst, err
	}
	return append(dst, t.dst...), nil
}

type tagger struct{ encoder }

// tag appends a value whose JSON is in value.
func (t *tagger) tag(name, value string) *ConvertError {
	t.dst = append(append(append(append(t.dst, `{"type":"`...), name...), `","value":`...), value...)
	t.dst = append(t.dst, '}')
	return t.size()
}

// text appends a value that is text.
func (t *tagger) text(name, text string) *ConvertError {
	quoted, ok := appendQuoted(nil, text)
	if !ok {
		return wrongType("a string that is not UTF-8")
	}
	return t.tag(name, string(quoted))
}

func (t *tagger) value(v any, depth int) *ConvertError {
	if err := t.node(); err != nil {
		return err
	}
	v = force(v)
	if items, ok := asList(v); ok {
		return t.items(kindOf(v), items, depth)
	}
	if d, ok := asDict(v); ok {
		return t.pairs(d, depth)
	}
	if text, ok := v.(Str2); ok {
		return t.text("bytes", hex.EncodeToString([]byte(text)))
	}
	if text, ok := Text(v); ok {
		if !utf8.ValidString(text) {
			if _, ok := appendQuoted(nil, text); ok {
				return t.text("wtf8", hex.EncodeToString([]byte(text)))
			}
		}
		return t.text("str", text)
	}
	switch v := v.(type) {
	case nil:
		return t.tag("none", "null")
	case bool:
		return t.tag("bool", strconv.FormatBool(v))
	case int64:
		return t.text("int", strconv.FormatInt(v, 10))
	case *big.Int:
		return t.text("int", v.String())
	case float64:
		return t.text("float", floatRepr(v))
	case Bytes:
		return t.text("bytes", hex.EncodeToString([]byte(v)))
	case ByteArray:
		return t.text("bytearray", hex.EncodeToString(v))
	case DateTime:
		if text, err := v.ISO(); err == nil {
			return t.text("datetime", text)
		}
		return t.text("opaque", "datetime.datetime in a time zone that is not known")
	case Date:
		return t.text("date", isoDate(v))
	case Time:
		if text, ok := isoClock(v); ok {
			return t.text("time", text)
		}
		return t.text("opaque", "datetime.time in a time zone")
	case TimeDelta:
		return t.text("timedelta", fmt.Sprintf("%d %d %d", v.Days, v.Seconds, v.Microseconds))
	case Decimal:
		return t.text("decimal", string(v))
	case UUID:
		return t.text("uuid", v.String())
	}
	if name, ok := className(v); ok {
		return t.text("opaque", name)
	}
	return wrongType("a Go %T", v)
}

func (t *tagger) items(name string, items []any, depth int) *ConvertError {
	if depth >= maxDepth {
		return overLimit("too deeply nested")
	}
	t.dst = append(append(append(t.dst, `{"type":"`...), name...), `","value":[`...)
	for i, v := range items {
		if i > 0 {
			t.dst = append(t.dst, ',')
		}
		if err := t.value(v, depth+1); err != nil {
			return err.at(i)
		}
	}
	t.dst = append(t.dst, "]}"...)
	return t.size()
}

func (t *tagger) pairs(d *Dict, depth int) *ConvertError {
	if depth >= maxDepth {
		return overLimit("too deeply nested")
	}
	t.dst = append(t.dst, `{"type":"dict","value":[`...)
	i := -1
	for key, v := range d.AllStored() {
		if i++; i > 0 {
			t.dst = append(t.dst, ',')
		}
		t.dst = append(t.dst, '[')
		if err := t.value(key, depth+1); err != nil {
			return err.key(i)
		}
		t.dst = append(t.dst, ',')
		if err := t.value(v, depth+1); err != nil {
			return err.key(i)
		}
		t.dst = append(t.dst, ']')
	}
	t.dst = append(t.dst, "]}"...)
	return t.size()
}

// floatRepr is float.__repr__.
func floatRepr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return string(appendFloat(nil, f, 64))
}

func isoDate(d Date) string {
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// isoClock is time.isoformat. Only fixed zones have an offset without a date.
func isoClock(t Time) (string, bool) {
	text, err := DateTime{Date{1970, 1, 1}, t}.ISO()
	switch t.Zone.(type) {
	case nil, TimeZone, PytzFixed:
		_, text, _ = strings.Cut(text, "T")
		return text, err == nil
	}
	return "", false
}

// className names the class of a value that is shown by its name only.
func className(v any) (string, bool) {
	switch v := v.(type) {
	case Global:
		return v.Module + "." + v.Name, true
	case *Object:
		if g, ok := v.Class.(Global); ok {
			return g.Module + "." + g.Name, true
		}
		return "object", true
	case Message:
		return "django.contrib.messages.storage.base.Message", true
	case Fraction:
		return "fractions.Fraction", true
	case Path:
		return v.Class.Module + "." + v.Class.Name, true
	case TimeZone:
		return "datetime.timezone", true
	case ZoneInfo:
		return "zoneinfo.ZoneInfo", true
	case Pytz, PytzFixed:
		return "pytz", true
	}
	return "", false
}
