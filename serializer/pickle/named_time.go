package pickle

import (
	"github.com/go-djsession/go-djsession/serializer"
)

// datetime makes the types of the module datetime.
func (m *maker) datetime(name string, args []ref) (v any, ok bool) {
	switch name {
	case "timedelta":
		return m.timeDelta(args)
	case "timezone":
		return m.timeZone(args)
	}
	if len(args) == 0 || len(args) > 2 {
		return nil, false
	}
	raw, ok := m.bytesOf(args[0])
	if !ok {
		return nil, false
	}
	var d serializer.DateTime
	switch {
	case name == "date" && len(raw) == 4 && len(args) == 1:
		d.Date = date(raw)
		return d.Date, d.Date.Valid()
	case name == "time" && len(raw) == 6:
		d.Time = clock(raw)
		d.Fold, d.Hour = d.Hour >= 128, d.Hour&127
		ok = d.Time.Valid()
	case name == "datetime" && len(raw) == 10:
		d.Date, d.Time = date(raw), clock(raw[4:])
		d.Fold, d.Month = d.Month >= 128, d.Month&127
		ok = d.Valid()
	default:
		return nil, false
	}
	if !ok || len(args) == 2 && !m.isZone(args[1]) {
		return nil, false
	}
	if len(args) == 2 {
		// Last, because the zone may hold another datetime: no zone is made in vain.
		d.Zone = m.value(args[1])
	}
	if name == "time" {
		return d.Time, true
	}
	return d, true
}

// isZone reports whether a node becomes one of the types for time zones or an Object.
func (m *maker) isZone(r ref) bool {
	n := &m.nodes[r]
	if n.kind != kindObject {
		return false
	}
	class := m.objs[n.a].class
	if m.nodes[class].kind != kindGlobal {
		return true
	}
	switch g := m.globalOf(class); g.Module {
	case "datetime":
		return g.Name == "timezone"
	case "builtins", "collections", "_codecs", "decimal", "fractions", "pathlib", "pathlib._local", "uuid",
		classSafeString.Module, classMessage.Module:
		return false
	}
	return true
}

// date reads the year, in two bytes, the month and the day.
func date(raw string) serializer.Date {
	return serializer.Date{Year: int(raw[0])<<8 | int(raw[1]), Month: int(raw[2]), Day: int(raw[3])}
}

// clock reads the hour, the minute, the second and, in three bytes, the microsecond.
func clock(raw string) serializer.Time {
	return serializer.Time{
		Hour: int(raw[0]), Minute: int(raw[1]), Second: int(raw[2]),
		Microsecond: int(raw[3])<<16 | int(raw[4])<<8 | int(raw[5]),
	}
}

func (m *maker) timeDelta(args []ref) (any, bool) {
	if len(args) != 3 {
		return nil, false
	}
	days, ok1 := m.intOf(args[0])
	seconds, ok2 := m.intOf(args[1])
	micros, ok3 := m.intOf(args[2])
	d := serializer.TimeDelta{Days: days, Seconds: seconds, Microseconds: micros}
	return d, ok1 && ok2 && ok3 && d.Valid()
}

// timeZone makes a datetime.timezone of its offset and perhaps its name.
func (m *maker) timeZone(args []ref) (any, bool) {
	if len(args) == 0 || len(args) > 2 {
		return nil, false
	}
	offset, ok := m.namedAs(args[0], classTimeDelta).(serializer.TimeDelta)
	zone := serializer.TimeZone{Offset: offset}
	if ok && len(args) == 2 {
		zone.Named = true
		zone.Name, ok = m.text(args[1])
	}
	// The offset is less than a day either way.
	return zone, ok && offset.Days >= -1 && offset.Days <= 0 && offset != serializer.TimeDelta{Days: -1}
}

// zoneInfo makes a zoneinfo.ZoneInfo. Its pickle is a call of its method _unpickle with
// the key and a flag for the cache.
func (m *maker) zoneInfo(o *object, args []ref) (any, bool) {
	method := &m.objs[m.nodes[o.class].a]
	got := m.held(&m.nodes[method.args])
	if o.how != opReduce || method.how != opReduce || !m.isGlobal(method.class, classGetattr) || len(got) != 2 ||
		!m.isGlobal(got[0], classZoneInfo) || len(args) != 2 {
		return nil, false
	}
	attr, _ := m.text(got[1])
	key, ok := m.text(args[0])
	cached := m.nodes[args[1]]
	return serializer.ZoneInfo{Key: key, NoCache: cached.int() == 0},
		ok && attr == "_unpickle" && cached.kind == kindInt && cached.int()&^1 == 0
}

// pytz makes the zones of pytz.
func (m *maker) pytz(name string, args []ref) (any, bool) {
	switch {
	case name == "_UTC" && len(args) == 0:
		return serializer.Pytz{Zone: "UTC"}, true
	case name == "FixedOffset" && len(args) == 1:
		minutes, ok := m.intOf(args[0])
		return serializer.PytzFixed(minutes), ok
	case name == "_p" && (len(args) == 1 || len(args) == 4):
		zone, ok := m.text(args[0])
		v := serializer.Pytz{Zone: zone}
		if len(args) == 1 {
			return v, ok && zone != "UTC"
		}
		var ok1, ok2, ok3 bool
		v.Localized = true
		v.UTCOffset, ok1 = m.intOf(args[1])
		v.DST, ok2 = m.intOf(args[2])
		v.Abbrev, ok3 = m.text(args[3])
		return v, ok && ok1 && ok2 && ok3
	}
	return nil, false
}
