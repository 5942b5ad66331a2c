package serializer

import (
	"slices"
	"unsafe"

	"github.com/go-djsession/go-djsession/internal/boxes"
)

// builder makes a [Dict], key by key.
type builder struct {
	d *Dict
	// What d gets by dict.
	list   *[]string
	names  hidden[string]
	vals   hidden[any]
	finder names
	// others are the keys that are not text, after the first add of one.
	others *otherKeys
	raws   boxes.Of[RawJSON]
}

// hidden has the memory of a []T. Package fmt, which prints the fields of a builder in
// somebody else's struct, finds an address in it.
type hidden[T any] struct {
	data unsafe.Pointer
	_    [2]int // length and capacity
}

func (h *hidden[T]) get() []T  { return *(*[]T)(unsafe.Pointer(h)) }
func (h *hidden[T]) set(s []T) { *(*[]T)(unsafe.Pointer(h)) = s }

// otherKeys finds keys that are not text.
type otherKeys struct {
	keys keys
	at   map[int]int // their numbers, to where they are in the Dict
}

func (o *otherKeys) add(key any, i int) {
	if n, ok := o.keys.Add(key); ok {
		o.at[n] = i
	}
}

// newBuilder returns a builder with room for n keys.
func newBuilder(n int) builder {
	var b builder
	if 0 < n && n <= few {
		d := &struct { // one allocation for a session that holds a login
			listed
			names [few]string
			vals  [few]any
			raws  [few]RawJSON
		}{}
		b.d, b.list = &d.Dict, &d.list
		b.d.in = &d.in
		b.names.set(d.names[:0])
		b.vals.set(d.vals[:0])
		b.raws.Use(d.raws[:])
		return b
	}
	d := new(listed)
	b.d, b.list = d.dict(nil, nil), &d.list
	b.names.set(make([]string, 0, n))
	b.vals.set(make([]any, 0, n))
	return b
}

// grow makes room for n more keys.
func (b *builder) grow(n int) {
	b.names.set(slices.Grow(b.names.get(), n))
	b.vals.set(slices.Grow(b.vals.get(), n))
}

// addName sets the text key name to v, as With does.
func (b *builder) addName(name string, v any) {
	put(b.slot(name), v)
}

// addRaw is addName for a value in JSON.
func (b *builder) addRaw(name string, raw RawJSON) {
	*b.slot(name) = b.raws.Box(raw, typeOfRaw)
}

var typeOfRaw = boxes.TypeOf(RawJSON(""))

// add is addName for a key of any type.
func (b *builder) add(key, v any) {
	if name, ok := key.(string); ok {
		b.addName(name, v)
		return
	}
	if b.others == nil {
		b.others = &otherKeys{at: map[int]int{}}
		for i, v := range b.vals.get() {
			if other, ok := v.(*keyed); ok {
				b.others.add(other.key, i)
			}
		}
	}
	if n, ok := b.others.keys.Add(key); ok {
		if i, ok := b.others.at[n]; ok {
			put(&b.vals.get()[i], v)
			return
		}
	}
	b.append(key, v)
}

// append adds a key that is not text. The caller must know that it is new.
func (b *builder) append(key, v any) {
	if b.others != nil {
		b.others.add(key, len(b.vals.get()))
	}
	place := b.next("")
	*place = &keyed{key: key}
	put(place, v)
}

// dict returns the finished Dict. The builder must not be used afterwards.
func (b *builder) dict() *Dict {
	*b.list = b.names.get()
	*b.d.in = content{b.list, b.vals.get()}
	if b.finder.index != nil {
		b.d.more = &more{index: b.finder.index}
	}
	return b.d
}

// slot returns the place of the value of name. If there is none it appends one.
func (b *builder) slot(name string) *any {
	if i := b.finder.find(b.names.get(), b.vals.get(), name); i >= 0 {
		return &b.vals.get()[i]
	}
	return b.next(name)
}

// next appends a name, and returns the place of its value.
func (b *builder) next(name string) *any {
	n := len(b.vals.get())
	if n == cap(b.vals.get()) {
		b.grow(max(2, n)) // a dict of one key is rare
	}
	b.names.set(append(b.names.get(), name))
	b.vals.set(append(b.vals.get(), nil))
	return &b.vals.get()[n]
}
