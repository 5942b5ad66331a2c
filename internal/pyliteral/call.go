package pyliteral

import (
	"math"
	"strings"
	"time"
)

// word reads a value that begins with a letter: a name, a text with a prefix, or a call.
func (p *parser) word(depth int) (any, bool, error) {
	start := p.pos
	for p.pos < len(p.text) && (isName(p.text[p.pos]) || p.text[p.pos] == '.') {
		p.pos++
	}
	name := p.text[start:p.pos]
	switch c := p.peek(); {
	case (c == '\'' || c == '"') && len(name) <= 2 && strings.Trim(name, "uUbBrR") == "":
		v, err := p.str(name, start)
		return v, true, err
	case c == '(':
		return p.call(name, depth)
	}
	switch name {
	case "None":
		return nil, true, nil
	case "True":
		return true, true, nil
	case "False":
		return false, true, nil
	case "inf":
		return math.Inf(1), true, nil
	case "nan":
		return math.NaN(), true, nil
	}
	return nil, false, nil
}

// calls are the calls that are read. Each function takes the arguments and reports
// whether they fit.
var calls = map[string]func(args []any, named map[string]any) (any, bool){
	"PosixPath": path, "PurePosixPath": path, "WindowsPath": path, "PureWindowsPath": path, "Path": path,
	"datetime.timedelta": timedelta,
	"set":                set, "frozenset": set,
	"OrderedDict": ordered, "collections.OrderedDict": ordered,
	"defaultdict": defaultdict, "collections.defaultdict": defaultdict,
}

// call reads the brackets of a call, if calls has its name.
func (p *parser) call(name string, depth int) (any, bool, error) {
	build, ok := calls[name]
	if !ok {
		return nil, false, nil
	}
	start := p.pos
	p.pos++
	var args []any
	named := map[string]any{}
	for {
		p.space()
		if p.peek() == ')' {
			break
		}
		if p.pos == len(p.text) {
			return nil, false, p.fail(start, ErrSyntax, "a bracket that is not closed")
		}
		key := p.keyword()
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, false, err
		}
		if key == "" {
			args = append(args, v)
		} else {
			named[key] = v
		}
		if err := p.separator(start, ')'); err != nil {
			return nil, false, err
		}
	}
	p.pos++
	v, ok := build(args, named)
	return v, ok, nil
}

// keyword reads "days=" before an argument.
func (p *parser) keyword() string {
	i := p.pos
	for i < len(p.text) && i < p.pos+maxName && isName(p.text[i]) {
		i++
	}
	if i == p.pos || i+1 >= len(p.text) || p.text[i] != '=' || p.text[i+1] == '=' {
		return ""
	}
	name := p.text[p.pos:i]
	p.pos = i + 1
	return name
}

func path(args []any, named map[string]any) (any, bool) {
	if len(args) != 1 || len(named) != 0 {
		return nil, false
	}
	s, ok := args[0].(string)
	return Path(s), ok
}

// timedelta is datetime.timedelta(days, seconds, microseconds), with names since
// Python 3.7.
func timedelta(args []any, named map[string]any) (any, bool) {
	names := []string{"days", "seconds", "microseconds"}
	units := []time.Duration{24 * time.Hour, time.Second, time.Microsecond}
	if len(args) > len(names) {
		return nil, false
	}
	for i, v := range args {
		named[names[i]] = v
	}
	var sum time.Duration
	known := 0
	for i, name := range names {
		v, ok := named[name]
		if !ok {
			continue
		}
		n, ok := v.(int64)
		if !ok || n > int64(math.MaxInt64/2/units[i]) || n < -int64(math.MaxInt64/2/units[i]) {
			return nil, false
		}
		next := sum + time.Duration(n)*units[i]
		if n > 0 && next < sum || n < 0 && next > sum {
			return nil, false
		}
		sum = next
		known++
	}
	return Duration(sum), known == len(named)
}

// set is set([1, 2]), frozenset({1, 2}), set().
func set(args []any, named map[string]any) (any, bool) {
	switch {
	case len(named) != 0 || len(args) > 1:
		return nil, false
	case len(args) == 0:
		return Set{}, true
	}
	switch of := args[0].(type) {
	case List:
		return Set(of), true
	case Tuple:
		return Set(of), true
	case Set:
		return of, true
	}
	return nil, false
}

// ordered is OrderedDict([('a', 1)]), and OrderedDict({'a': 1}) since Python 3.12.
func ordered(args []any, named map[string]any) (any, bool) {
	switch {
	case len(named) != 0 || len(args) > 1:
		return nil, false
	case len(args) == 0:
		return Dict{}, true
	}
	switch of := args[0].(type) {
	case Dict:
		return of, true
	case List:
		d := make(Dict, 0, len(of))
		for _, v := range of {
			pair, ok := v.(Tuple)
			if !ok || len(pair) != 2 {
				return nil, false
			}
			d = append(d, Item{pair[0], pair[1]})
		}
		return d, true
	}
	return nil, false
}

// defaultdict is defaultdict(<class 'list'>, {...}).
func defaultdict(args []any, named map[string]any) (any, bool) {
	if len(args) != 2 || len(named) != 0 {
		return nil, false
	}
	d, ok := args[1].(Dict)
	return d, ok
}
