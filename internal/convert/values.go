package convert

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/serializer"
)

// ToJSON returns a session that was read from a pickle with the values that JSON has, as
// site reads them; ok is false if JSON cannot hold it.
func ToJSON(site *djsession.Site, d *serializer.Dict) (_ *serializer.Dict, ok bool) {
	j := toJSON{isoExpiry: isoExpiry(site)}
	return j.session(d)
}

// isoExpiry reports whether _session_expiry may be text.
func isoExpiry(site *djsession.Site) bool { return !site.Settings().Django.Before(4, 1) }

// toJSON turns the values of a pickle into those that JSON has.
//
// It accepts what Django's JSONSerializer accepts, because the site does the same to a
// session whenever it saves one in JSON: tuples become lists, keys that are numbers become
// text. It notes such changes, since code that looks for cart[7] no longer finds it. It
// leaves a session with anything else alone, unless lossy is set and a text can stand for
// the value.
type toJSON struct {
	lossy     bool
	isoExpiry bool // whether _session_expiry may be text: from Django 4.1 on

	notes []note
	left  bool // whether one of the notes is that JSON cannot hold a value
	nodes int
	full  bool // no more is looked at
}

// note is about one value of a session. It does not contain the value.
type note struct {
	path, kind string // where it is, and its type in Python
	left       bool   // it stays as it is, and the session with it
}

// A pickle may hold itself, or one value so often that a walk over it never ends.
const (
	maxNodes = 1_000_000
	maxDepth = 1000
)

// maxNotes is the most notes about changes in one session, and about what JSON cannot hold.
const maxNotes = 1000

const expiryName = "_session_expiry"

// session returns d with values that JSON has; ok is false if that is not possible.
func (c *toJSON) session(d *serializer.Dict) (_ *serializer.Dict, ok bool) {
	items := make([]serializer.Item, 0, d.Len())
	c.dict(d, nil, func(name string, v any, at *place) {
		if moment, is := v.(serializer.DateTime); is && name == expiryName && c.isoExpiry {
			if text, err := moment.ISO(); err == nil { // as set_expiry does since 4.1
				items = append(items, serializer.Item{Key: name, Value: text})
				return
			}
		}
		items = append(items, serializer.Item{Key: name, Value: c.value(v, at, 1)})
	})
	out := serializer.NewDict(items...)
	c.oneEach(d, out, nil)
	return out, !c.left
}

// dict does each key of d.
func (c *toJSON) dict(d *serializer.Dict, at *place, do func(name string, v any, at *place)) {
	for k, v := range d.All() {
		if c.full {
			return
		}
		name, ok := serializer.Text(k)
		under := &place{up: at, name: name}
		if !ok {
			text, isKey := numberKey(k)
			if under.name = text; !isKey {
				under.name = "?" // as text it could tell a value
				c.note(under, "key of type "+payload.TypeName(k), true)
				continue
			}
			name = text
			c.note(under, payload.TypeName(k)+" as a key", false)
		}
		do(name, v, under)
	}
}

// numberKey returns what json.dumps writes for a key that is no text.
func numberKey(k any) (string, bool) {
	switch k.(type) {
	case nil, bool, int64, float64, *big.Int:
		text, err := serializer.AppendText(nil, k, "")
		return string(text), err == nil
	}
	return "", false
}

// oneEach notes keys that differ in Python and are one text in JSON.
func (c *toJSON) oneEach(was, is *serializer.Dict, at *place) {
	if !c.left && is.Len() != was.Len() {
		c.note(at, "dict with keys that are equal as text", true)
	}
}

func (c *toJSON) value(v any, at *place, depth int) any {
	if c.nodes++; c.nodes > maxNodes || depth > maxDepth {
		c.note(at, "value that is too large or too deep, or holds itself", true)
		c.full = true
		return nil
	}
	if text, ok := serializer.Text(v); ok {
		if _, safe := v.(serializer.SafeString); safe {
			c.note(at, "django.utils.safestring.SafeString", false)
		}
		return text
	}
	switch v := v.(type) {
	case nil, bool, int64, float64, *big.Int:
		return v
	case []any:
		return c.list(v, at, depth)
	case serializer.Tuple:
		c.note(at, "tuple", false)
		return c.list(v, at, depth)
	case *serializer.Dict:
		return c.inner(v, at, depth)
	case *serializer.OrderedDict:
		c.note(at, "collections.OrderedDict", false)
		return c.inner(v.Dict, at, depth)
	case *serializer.DefaultDict:
		c.note(at, "collections.defaultdict", false)
		return c.inner(v.Dict, at, depth)
	}
	text, ok := "", false
	if c.lossy {
		text, ok = lossyText(v)
	}
	c.note(at, payload.TypeName(v), !ok)
	return text
}

func (c *toJSON) list(items []any, at *place, depth int) any {
	list := make([]any, 0, len(items))
	for i, item := range items {
		if c.full {
			break
		}
		list = append(list, c.value(item, &place{up: at, item: true, index: i}, depth+1))
	}
	return list
}

func (c *toJSON) inner(d *serializer.Dict, at *place, depth int) any {
	items := make([]serializer.Item, 0, d.Len())
	c.dict(d, at, func(name string, v any, under *place) {
		items = append(items, serializer.Item{Key: name, Value: c.value(v, under, depth+1)})
	})
	out := serializer.NewDict(items...)
	c.oneEach(d, out, at)
	return out
}

func (c *toJSON) note(at *place, kind string, left bool) {
	if c.full {
		return
	}
	c.left = c.left || left
	if n := len(c.notes); n >= 2*maxNotes || n >= maxNotes && !left {
		return
	}
	c.notes = append(c.notes, note{at.String(), kind, left})
}

// lossyText is what DjangoJSONEncoder makes of a value that json.dumps refuses:
// milliseconds, and Z for UTC. Also the text of Python 2's str, if it is UTF-8.
func lossyText(v any) (string, bool) {
	switch v := v.(type) {
	case serializer.DateTime:
		text, err := v.ISO()
		if v.Microsecond != 0 {
			text = text[:min(23, len(text))] + text[min(26, len(text)):]
		}
		if before, ok := strings.CutSuffix(text, "+00:00"); ok {
			text = before + "Z"
		}
		return text, err == nil
	case serializer.Date:
		return fmt.Sprintf("%04d-%02d-%02d", v.Year, v.Month, v.Day), v.Valid()
	case serializer.Time:
		text := fmt.Sprintf("%02d:%02d:%02d", v.Hour, v.Minute, v.Second)
		if v.Microsecond != 0 {
			text += fmt.Sprintf(".%03d", v.Microsecond/1000)
		}
		return text, v.Valid() && v.Zone == nil
	case serializer.TimeDelta:
		return isoDuration(v), v.Valid()
	case serializer.Decimal:
		return string(v), true
	case serializer.UUID:
		return v.String(), true
	case serializer.Str2:
		return string(v), utf8.ValidString(string(v))
	}
	return "", false
}

// isoDuration is django.utils.duration.duration_iso_string.
func isoDuration(d serializer.TimeDelta) string {
	sign, days, seconds, micros := "", d.Days, d.Seconds, d.Microseconds
	if days < 0 {
		sign, days, seconds, micros = "-", -days, -seconds, -micros
		if micros < 0 {
			seconds, micros = seconds-1, micros+1_000_000
		}
		if seconds < 0 {
			days, seconds = days-1, seconds+86400
		}
	}
	fraction := ""
	if micros != 0 {
		fraction = fmt.Sprintf(".%06d", micros)
	}
	return fmt.Sprintf("%sP%dDT%02dH%02dM%02d%sS", sign, days, seconds/3600, seconds/60%60, seconds%60, fraction)
}

// place is where a value is in a session.
type place struct {
	up    *place
	name  string
	item  bool // of a list, at index
	index int
}

// String is the place as in cart.items[3].price.
func (p *place) String() string {
	if p == nil {
		return ""
	}
	const most = 20 // levels, and three times that many characters of a name
	var steps []string
	for ; p != nil && len(steps) < most; p = p.up {
		step := "[" + strconv.Itoa(p.index) + "]"
		if !p.item {
			if step = payload.Printable(p.name[:min(len(p.name), 3*most)]); step[0] == '"' || strings.ContainsAny(step, ".[]") {
				step = "[" + step + "]"
			} else if p.up != nil {
				step = "." + step
			}
		}
		steps = append(steps, step)
	}
	if p != nil {
		steps = append(steps, "...")
	}
	var b strings.Builder
	for i := len(steps) - 1; i >= 0; i-- {
		b.WriteString(steps[i])
	}
	return b.String()
}
