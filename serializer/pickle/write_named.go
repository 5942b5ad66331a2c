package pickle

import (
	"encoding/binary"
	"math/big"
	"strings"

	"github.com/go-djsession/go-djsession/serializer"
)

// namedValue writes a value of one of the named types. It returns false if v has another
// type.
func (w *writer) namedValue(v any) (bool, error) {
	switch v := v.(type) {
	case serializer.DateTime:
		if !v.Valid() {
			return true, typeError("a datetime that does not exist")
		}
		raw := append(dateBytes(v.Date), clockBytes(v.Time)...)
		if v.Fold && w.proto > 3 {
			raw[2] |= 128
		}
		return true, w.temporal("datetime", string(raw), v.Zone)
	case serializer.Date:
		if !v.Valid() {
			return true, typeError("a date that does not exist")
		}
		return true, w.temporal("date", string(dateBytes(v)), nil)
	case serializer.Time:
		if !v.Valid() {
			return true, typeError("a time that does not exist")
		}
		raw := clockBytes(v)
		if v.Fold && w.proto > 3 {
			raw[0] |= 128
		}
		return true, w.temporal("time", string(raw), v.Zone)
	case serializer.TimeDelta:
		if !v.Valid() {
			return true, typeError("a timedelta that Python does not have")
		}
		return true, w.call(classTimeDelta, int64(v.Days), int64(v.Seconds), int64(v.Microseconds))
	case serializer.TimeZone, serializer.ZoneInfo, serializer.Pytz, serializer.PytzFixed:
		return true, w.zone(v)

	case serializer.Decimal:
		return true, w.call(serializer.Global{Module: "decimal", Name: "Decimal"}, newStr(v))
	case serializer.Fraction:
		return true, w.fraction(v)
	case serializer.UUID:
		state := serializer.NewDict(serializer.Item{Key: "int", Value: new(big.Int).SetBytes(v[:])})
		return true, w.object(freshID, &call{how: opNewObj, class: aValue(classUUID), built: true, state: aValue(state)})
	case serializer.Path:
		args := make([]any, len(v.Parts))
		for i, part := range v.Parts {
			args[i] = part
		}
		return true, w.call(v.Class, args...)
	case serializer.SafeString:
		class := classSafeString
		if v.Class != "" {
			class.Name = v.Class
		}
		return true, w.object(freshID, &call{how: opNewObj, class: aValue(class), args: things{values: []any{newStr(v.Text)}}})
	case serializer.Message:
		state := serializer.NewDict(
			serializer.Item{Key: "level", Value: v.Level},
			serializer.Item{Key: "message", Value: v.Message},
			serializer.Item{Key: "extra_tags", Value: v.ExtraTags},
		)
		return true, w.object(freshID, &call{how: opNewObj, class: aValue(classMessage), built: true, state: aValue(state)})
	case newStr:
		if !validText(string(v)) {
			return true, typeError("a string that is not UTF-8")
		}
		w.newText(string(v))
		return true, nil
	case newBytes:
		w.bytes(freshID, string(v))
		return true, nil
	}
	return false, nil
}

// newStr and newBytes are values that CPython makes while it pickles: see newText.
type (
	newStr   string
	newBytes string
)

// call writes the result of a __reduce__: a class or function and its arguments.
func (w *writer) call(class serializer.Global, args ...any) error {
	return w.object(freshID, &call{how: opReduce, class: aValue(class), args: things{values: args}})
}

// temporal writes a datetime, date or time.
func (w *writer) temporal(name, raw string, zone any) error {
	args := []any{newBytes(raw), zone}
	if zone == nil {
		args = args[:1]
	}
	return w.call(serializer.Global{Module: "datetime", Name: name}, args...)
}

func dateBytes(d serializer.Date) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(d.Year)), byte(d.Month), byte(d.Day))
}

func clockBytes(t serializer.Time) []byte {
	us := t.Microsecond
	return []byte{byte(t.Hour), byte(t.Minute), byte(t.Second), byte(us >> 16), byte(us >> 8), byte(us)}
}

// zone writes a time zone. Python has one object for each.
func (w *writer) zone(v any) error {
	if n, ok := w.zones[v]; ok {
		w.get(n)
		return nil
	}
	if err := w.newZone(v); err != nil {
		return err
	}
	if w.zones == nil {
		w.zones = map[any]uint32{}
	}
	w.zones[v] = w.memo.next - 1 // an object takes its number last
	return nil
}

func (w *writer) newZone(v any) error {
	switch v := v.(type) {
	case serializer.TimeZone:
		args := []any{v.Offset, newStr(v.Name)}
		if !v.Named {
			args = args[:1]
		}
		return w.call(serializer.Global{Module: "datetime", Name: "timezone"}, args...)
	case serializer.ZoneInfo:
		source := int64(1)
		if v.NoCache {
			source = 0
		}
		unpickle := &serializer.Object{
			Class: classGetattr,
			Args:  serializer.Tuple{classZoneInfo, newStr("_unpickle")},
		}
		return w.object(freshID, &call{
			how: opReduce, class: aValue(unpickle), args: things{values: []any{v.Key, source}},
		})
	case serializer.PytzFixed:
		return w.call(serializer.Global{Module: "pytz", Name: "FixedOffset"}, int64(v))
	case serializer.Pytz:
		switch {
		case v.Localized:
			return w.call(serializer.Global{Module: "pytz", Name: "_p"}, v.Zone, int64(v.UTCOffset), int64(v.DST), v.Abbrev)
		case v.Zone == "UTC":
			return w.call(serializer.Global{Module: "pytz", Name: "_UTC"})
		}
		return w.call(serializer.Global{Module: "pytz", Name: "_p"}, v.Zone)
	}
	return nil
}

func (w *writer) fraction(v serializer.Fraction) error {
	class := serializer.Global{Module: "fractions", Name: "Fraction"}
	if !v.Pair {
		return w.call(class, newStr(v.Text))
	}
	num, den, ok := strings.Cut(v.Text, "/")
	if !ok {
		den = "1"
	}
	n, ok1 := new(big.Int).SetString(num, 10)
	d, ok2 := new(big.Int).SetString(den, 10)
	if !ok1 || !ok2 {
		return typeError("a fraction that is none")
	}
	return w.call(class, n, d)
}
