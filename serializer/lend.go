package serializer

import (
	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/internal/tagged"
)

func init() {
	tagged.Lend(appendTagged)
	pydict.Lend(pydict.Functions{
		NewSlab:    newSlab,
		NewRoot:    newRoot,
		NewKeys:    func() pydict.Keys { return new(keys) },
		WithSource: func(d, source any) any { return d.(*Dict).withSource(source) },
		Source:     func(d any) (any, bool) { return d.(*Dict).noted() },
		Hold:       func(v any) any { return &frozen{&v} },
		At: func(d any, i int) (string, *any, any) {
			e := d.(*Dict).at(i)
			if other, ok := e.val.(*keyed); ok {
				return "", &other.key, other.val
			}
			return e.name, nil, e.val
		},
		Held: func(v any) (any, bool) {
			if f, ok := v.(*frozen); ok {
				return *f.v, true
			}
			return nil, false
		},
	})
}
