package serializer

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// field is a field of a Go struct as the tags of encoding/json describe it.
type field struct {
	name      string
	index     []int // from the outermost struct, through embedded ones
	tagged    bool
	omitEmpty bool
	omitZero  bool
	quoted    bool
}

// structInfo describes a struct type.
type structInfo struct {
	fields []field // in the order of the declaration
	hidden bool    // there are fields, but no exported one
}

var structs sync.Map // of reflect.Type to *structInfo

// structOf returns the description of the struct type t.
func structOf(t reflect.Type) *structInfo {
	if info, ok := structs.Load(t); ok {
		return info.(*structInfo)
	}
	info, _ := structs.LoadOrStore(t, newStructInfo(t))
	return info.(*structInfo)
}

// newStructInfo finds the fields of t by the rules of encoding/json. The fields of an
// embedded struct without a name of its own count as fields of t. Of several fields with
// one name the least deep wins, then the one with a tag, then none.
func newStructInfo(t reflect.Type) *structInfo {
	type place struct {
		t     reflect.Type
		index []int
	}
	var found []field
	anyTag := false
	visited := map[reflect.Type]bool{}
	for level := []place{{t: t}}; len(level) > 0; {
		var next []place
		times := map[reflect.Type]int{}
		for _, at := range level {
			visited[at.t] = true
			for i := range at.t.NumField() {
				sf := at.t.Field(i)
				inner := sf.Type
				if inner.Kind() == reflect.Pointer && sf.Anonymous && inner.Name() == "" {
					inner = inner.Elem()
				}
				embedded := sf.Anonymous && inner.Kind() == reflect.Struct
				if !sf.IsExported() && !embedded {
					continue
				}
				tag := sf.Tag.Get("json")
				anyTag = anyTag || tag != ""
				if tag == "-" {
					continue
				}
				f := parseTag(tag)
				f.index = append(slices.Clone(at.index), i)
				if embedded && f.name == "" {
					// Twice is enough for its fields to be ambiguous.
					if times[inner]++; !visited[inner] && times[inner] <= 2 {
						next = append(next, place{inner, f.index})
					}
					continue
				}
				f.tagged = f.name != ""
				if f.name == "" {
					f.name = sf.Name
				}
				f.quoted = f.quoted && isScalar(sf.Type)
				found = append(found, f)
			}
		}
		level = next
	}
	fields := dominant(found)
	return &structInfo{fields: fields, hidden: t.NumField() > 0 && len(found) == 0 && !anyTag}
}

// dominant drops the fields that another field of the same name hides.
func dominant(found []field) []field {
	byName := map[string][]field{}
	for _, f := range found {
		byName[f.name] = append(byName[f.name], f)
	}
	var fields []field
	for _, same := range byName {
		slices.SortFunc(same, func(a, b field) int {
			if c := cmp.Compare(len(a.index), len(b.index)); c != 0 {
				return c
			}
			return cmp.Compare(untagged(a), untagged(b))
		})
		if len(same) > 1 && len(same[0].index) == len(same[1].index) && same[0].tagged == same[1].tagged {
			continue
		}
		fields = append(fields, same[0])
	}
	slices.SortFunc(fields, func(a, b field) int { return slices.Compare(a.index, b.index) })
	return fields
}

func untagged(f field) int {
	if f.tagged {
		return 0
	}
	return 1
}

func parseTag(tag string) field {
	name, options, _ := strings.Cut(tag, ",")
	f := field{name: name}
	if strings.ContainsAny(name, `"'\`+"`") {
		f.name = ""
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty":
			f.omitEmpty = true
		case "omitzero":
			f.omitZero = true
		case "string":
			f.quoted = true
		}
	}
	return f
}

// isScalar reports whether the option string has a meaning for t.
func isScalar(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}

// omitted reports whether the options omit v.
func (f *field) omitted(v reflect.Value) bool {
	return f.omitEmpty && isEmpty(v) || f.omitZero && isZero(v)
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// isZero calls the method IsZero, if there is one.
func isZero(v reflect.Value) bool {
	if (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
		return true
	}
	if v.CanInterface() {
		if z, ok := v.Interface().(interface{ IsZero() bool }); ok {
			return z.IsZero()
		}
		if z, ok := addressable(v).Addr().Interface().(interface{ IsZero() bool }); ok {
			return z.IsZero()
		}
	}
	return v.IsZero()
}

// addressable returns v, or a copy of it whose methods with a pointer receiver
// can be called.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}
