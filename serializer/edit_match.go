package serializer

import (
	"reflect"
	"slices"
	"unsafe"
)

// trace is what an element of a slice refers to: where its texts and other parts lie in
// memory. A copy of the element refers to the same.
type trace []unsafe.Pointer

// note keeps the traces of the elements of all slices in after, by the slices of before,
// which is an equal value.
func (m *merger) note(before, after reflect.Value) {
	if isAtom(before.Type()) || isNil(before) {
		return
	}
	switch before.Kind() {
	case reflect.Pointer:
		m.note(before.Elem(), after.Elem())
	case reflect.Struct:
		for _, f := range structOf(before.Type()).fields {
			was, had := fieldOf(before, f.index)
			is, has := fieldOf(after, f.index)
			if had && has {
				m.note(was, is)
			}
		}
	case reflect.Map:
		for it := before.MapRange(); it.Next(); {
			if is := after.MapIndex(it.Key()); is.IsValid() {
				m.note(it.Value(), is)
			}
		}
	case reflect.Slice, reflect.Array:
		if isAtom(before.Type().Elem()) || before.Len() == 0 {
			return
		}
		traces := make([]trace, before.Len())
		for i := range traces {
			traces[i].add(after.Index(i), 0)
			m.note(before.Index(i), after.Index(i))
		}
		if before.Kind() == reflect.Slice {
			if m.traces == nil {
				m.traces = map[identity][]trace{}
			}
			m.traces[sliceIdentity(before)] = traces
		}
	}
}

func sliceIdentity(v reflect.Value) identity {
	return identity{v.Type(), v.UnsafePointer(), v.Len()}
}

// add adds what v refers to. It follows two pointers at most, and goes into no slice and
// no map, so that the traces of a value are not larger than the value.
func (t *trace) add(v reflect.Value, pointers int) {
	if v.Kind() == reflect.String {
		if s := v.String(); s != "" {
			*t = append(*t, unsafe.Pointer(unsafe.StringData(s)))
		}
		return
	}
	if isAtom(v.Type()) || isNil(v) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.Type().Elem().Size() > 0 {
			*t = append(*t, v.UnsafePointer())
		}
		if pointers < 2 {
			t.add(v.Elem(), pointers+1)
		}
	case reflect.Map:
		*t = append(*t, v.UnsafePointer())
	case reflect.Slice:
		if v.Len() > 0 && v.Type().Elem().Size() > 0 {
			*t = append(*t, v.UnsafePointer())
		}
	case reflect.Struct:
		for _, f := range structOf(v.Type()).fields {
			if part, ok := fieldOf(v, f.index); ok {
				t.add(part, pointers)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			t.add(v.Index(i), pointers)
		}
	}
}

// match returns for each element of after which one of before it was, or -1 for a new
// one. ok is false if that cannot be told and something would be lost.
func (m *merger) match(before, after reflect.Value, items []any) (at []int, ok bool) {
	elem := after.Type().Elem()
	p := pairs{at: make([]int, after.Len()), used: make([]bool, before.Len())}
	for j := range p.at {
		p.at[j] = -1
	}
	traces := m.traces[sliceIdentity(before)]
	p.byTrace(traces, after)
	groups := m.byValue(&p, before, after)
	if !p.moved && after.Len() >= before.Len() {
		for j := range before.Len() {
			if p.free(j, j) {
				p.pair(j, j)
			}
		}
	}
	losing := func(i int) bool { return lacks(elem, items[i]) }
	for _, equal := range groups { // of which were some removed?
		kept := 0
		for _, i := range equal {
			if p.used[i] {
				kept++
			}
		}
		if 0 < kept && kept < len(equal) && slices.ContainsFunc(equal, losing) && !alike(items, equal) {
			return nil, false
		}
	}
	isNew := slices.Contains(p.at, -1)
	for i, used := range p.used {
		if isNew && !used && (i >= len(traces) || len(traces[i]) == 0) && losing(i) {
			return nil, false
		}
	}
	return p.at, true
}

// alike reports whether the items at these places are equal.
func alike(items []any, places []int) bool {
	first, _ := AppendText(nil, items[places[0]], "")
	return !slices.ContainsFunc(places, func(i int) bool {
		other, _ := AppendText(nil, items[i], "")
		return string(first) != string(other)
	})
}

// pairs are elements of a list before and after.
type pairs struct {
	at    []int  // the one before, by the one after; -1 is none
	used  []bool // the one before is in at
	moved bool   // one is at another place
}

func (p *pairs) free(i, j int) bool { return !p.used[i] && p.at[j] < 0 }

func (p *pairs) pair(i, j int) {
	p.used[i], p.at[j], p.moved = true, i, p.moved || i != j
}

// byTrace pairs the elements that have the most of what was in one element alone.
func (p *pairs) byTrace(traces []trace, after reflect.Value) {
	if len(traces) == 0 {
		return
	}
	const many = -1
	owners := map[unsafe.Pointer]int{}
	for i, t := range traces {
		for _, at := range t {
			if owner, ok := owners[at]; ok && owner != i {
				owners[at] = many
			} else {
				owners[at] = i
			}
		}
	}
	type claim struct{ j, votes int }
	best := make([]claim, len(traces))
	for j := range after.Len() {
		var t trace
		t.add(after.Index(j), 0)
		votes := map[int]int{}
		owner := many
		for _, at := range t {
			i, ok := owners[at]
			if !ok || i == many {
				continue
			}
			if votes[i]++; owner == many || votes[i] > votes[owner] {
				owner = i
			}
		}
		if owner != many && (votes[owner] > best[owner].votes || votes[owner] == best[owner].votes && j == owner) {
			best[owner] = claim{j, votes[owner]}
		}
	}
	for i, c := range best {
		if c.votes > 0 {
			p.pair(i, c.j)
		}
	}
}

// byValue pairs equal elements. It returns which ones before are equal, of those that
// byTrace left, unless all are paired.
func (m *merger) byValue(p *pairs, before, after reflect.Value) (groups map[string][]int) {
	traced := slices.Clone(p.used)
	for j := range min(before.Len(), after.Len()) {
		if p.free(j, j) && m.same(before.Index(j), after.Index(j)) {
			p.pair(j, j)
		}
	}
	if !slices.Contains(p.used, false) {
		return nil
	}
	groups = map[string][]int{}
	for i := range traced {
		if traced[i] {
			continue
		}
		if text, ok := m.textOf(before.Index(i)); ok {
			groups[text] = append(groups[text], i)
		}
	}
	next := map[string]int{}
	for j := range p.at {
		if p.at[j] >= 0 {
			continue
		}
		text, _ := m.textOf(after.Index(j))
		equal := groups[text]
		for ; next[text] < len(equal) && p.at[j] < 0; next[text]++ {
			if i := equal[next[text]]; !p.used[i] {
				p.pair(i, j)
			}
		}
	}
	return groups
}

// textOf returns a text that equal values have in common, unless the walk over the value
// is out of all proportion to the stored one.
func (m *merger) textOf(v reflect.Value) (text string, ok bool) {
	if m.walk.spend(0, 0) != nil {
		return "", false
	}
	e := newWalker(&m.walk.walk, m.walk.nodes)
	e.most = max(0, e.most-m.walk.bytes)
	e.lenient = true
	err := e.reflected(v, 0)
	if m.walk.spend(e.nodes-m.walk.nodes, len(e.dst)) != nil || err != nil {
		return "", false
	}
	return string(e.dst), true
}

// lacks reports whether v holds what a Go value of type t has no place for.
func lacks(t reflect.Type, v any) bool {
	if isAtom(t) {
		return false
	}
	v = opened(v)
	switch t.Kind() {
	case reflect.Pointer:
		return v != nil && lacks(t.Elem(), v)
	case reflect.Slice, reflect.Array:
		items, _ := asList(v)
		return slices.ContainsFunc(items, func(v any) bool { return lacks(t.Elem(), v) })
	}
	d, ok := asDict(v)
	if !ok {
		return false
	}
	fields := map[string]field{}
	if t.Kind() == reflect.Struct {
		for _, f := range structOf(t).fields {
			fields[f.name] = f
		}
	}
	for key, v := range d.AllStored() {
		in := reflect.Type(nil)
		if t.Kind() == reflect.Map {
			in = t.Elem()
		} else if name, ok := key.(string); !ok {
			return true
		} else if f, ok := fields[name]; !ok {
			return true
		} else {
			in = t.FieldByIndex(f.index).Type
		}
		if lacks(in, v) {
			return true
		}
	}
	return false
}
