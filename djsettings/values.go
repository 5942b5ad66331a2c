package djsettings

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
)

// reader makes Settings of a document. Its methods return the default of a missing setting,
// and collect errors.
type reader struct {
	doc  *document
	opts *Options
	set  *Settings
	errs []error
}

func (r *reader) warn(name, format string, args ...any) {
	r.set.Warnings = append(r.set.Warnings, Warning{name, fmt.Sprintf(format, args...)})
}

// wrong describes a value of the wrong kind without showing it.
func wrong(v any, want string) error {
	if o, ok := v.(pyliteral.Opaque); ok {
		return fmt.Errorf("%w: %s is no literal, and %s is needed", ErrSetting, o.Name(), want)
	}
	return fmt.Errorf("%w: it is %s, and %s is needed", ErrSetting, pyliteral.Kind(v), want)
}

func (r *reader) bad(name string, v any, want string) {
	r.errs = append(r.errs, &LineError{r.doc.settings[name].line, name, wrong(v, want)})
}

// value returns a setting, and whether there is one.
func (r *reader) value(name string) (any, bool) {
	s, ok := r.doc.settings[name]
	return s.value, ok
}

// text returns a str, bytes or a Path; None is "".
func (r *reader) text(name, def string) string {
	v, ok := r.value(name)
	if !ok {
		return def
	}
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []byte:
		return string(v)
	case pyliteral.Path:
		return string(v)
	}
	r.bad(name, v, "a text")
	return def
}

// optionalText is text for a setting that nothing depends on: for a value that is no
// literal it warns and returns def.
func (r *reader) optionalText(name, def string) string {
	v, _ := r.value(name)
	if o, ok := v.(pyliteral.Opaque); ok {
		r.warn(name, "%s is no literal; %q is taken.", o.Name(), def)
		return def
	}
	return r.text(name, def)
}

// truth is bool(value), as in Python's if.
func (r *reader) truth(name string, def bool) bool {
	v, ok := r.value(name)
	if !ok {
		return def
	}
	b, ok := pyliteral.Truth(v)
	if !ok {
		r.bad(name, v, "True or False")
	}
	return b
}

// maxSeconds is the longest age that a time.Duration holds.
const maxSeconds = math.MaxInt64 / int64(time.Second)

// seconds reads a number of seconds or a timedelta. none reports None.
func (r *reader) seconds(name string, def time.Duration) (d time.Duration, none bool) {
	v, ok := r.value(name)
	if !ok {
		return def, false
	}
	switch v := v.(type) {
	case nil:
		return 0, true
	case int64:
		if v <= maxSeconds && v >= -maxSeconds {
			return time.Duration(v) * time.Second, false
		}
	case float64:
		if v <= float64(maxSeconds)/2 && v >= -float64(maxSeconds)/2 {
			return time.Duration(v * float64(time.Second)), false
		}
	case pyliteral.Duration:
		return time.Duration(v), false
	}
	r.bad(name, v, "a number of seconds")
	return def, false
}

func (r *reader) integer(name string, def int) int {
	v, ok := r.value(name)
	if !ok {
		return def
	}
	n, ok := v.(int64)
	if !ok || int64(int(n)) != n {
		r.bad(name, v, "an int")
		return def
	}
	return int(n)
}

// texts returns a list of texts. It leaves out other items, with a warning.
func (r *reader) texts(name string, def []string) []string {
	v, ok := r.value(name)
	if !ok {
		return def
	}
	list, ok := pyliteral.Sequence(v)
	if !ok {
		r.bad(name, v, "a list")
		return def
	}
	all := make([]string, 0, len(list))
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			r.warn(name, "One of its items is no text, and is left out.")
			continue
		}
		all = append(all, s)
	}
	return all
}

func (r *reader) dict(name string) (pyliteral.Dict, bool) {
	v, ok := r.value(name)
	if !ok || v == nil {
		return nil, false
	}
	d, ok := v.(pyliteral.Dict)
	if !ok {
		r.bad(name, v, "a dict")
	}
	return d, ok
}

// entry is one dict of DATABASES or CACHES. Its errors matter only to those who use the
// entry.
type entry struct {
	dict pyliteral.Dict
	name string // DATABASES["default"]
	line int
	err  error
}

func (r *reader) entry(setting, alias string, v any) *entry {
	e := &entry{name: fmt.Sprintf("%s[%q]", setting, alias), line: r.doc.settings[setting].line}
	d, ok := v.(pyliteral.Dict)
	if !ok {
		e.err = &LineError{e.line, e.name, wrong(v, "a dict")}
	}
	e.dict = d
	return e
}

func (e *entry) get(key string) any {
	v, _ := e.dict.Get(key)
	return v
}

func (e *entry) bad(key string, v any, want string) {
	if e.err == nil {
		e.err = &LineError{e.line, fmt.Sprintf("%s[%q]", e.name, key), wrong(v, want)}
	}
}

func (e *entry) text(key string) string {
	v := e.get(key)
	s, ok := pyliteral.Text(v)
	if !ok && v != nil {
		e.bad(key, v, "a text")
	}
	return s
}

func (e *entry) truth(key string) bool {
	b, _ := pyliteral.Truth(e.get(key))
	return b
}

func (e *entry) integer(key string) (int, bool) {
	switch v := e.get(key).(type) {
	case nil:
		return 0, false
	case int64:
		if int64(int(v)) == v {
			return int(v), true
		}
		e.bad(key, v, "an int of this machine")
	case string: // Django puts it into a key as it is
		if i, err := strconv.Atoi(v); err == nil && strconv.Itoa(i) == v {
			return i, true
		}
		e.bad(key, v, "an int")
	default:
		e.bad(key, v, "an int")
	}
	return 0, false
}

func (e *entry) params(key string) Params {
	switch v := e.get(key).(type) {
	case nil:
		return Params{}
	case pyliteral.Dict:
		return Params{&paramsDict{&v}}
	default:
		e.bad(key, v, "a dict")
	}
	return Params{}
}

// callable returns a dotted path, or the name of a function if the value is that function.
func (e *entry) callable(key string) string {
	v := e.get(key)
	if o, ok := v.(pyliteral.Opaque); ok {
		name := strings.TrimSuffix(strings.TrimPrefix(o.Name(), "<"), ">")
		return strings.TrimPrefix(name, "function ")
	}
	return e.text(key)
}
