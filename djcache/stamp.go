package djcache

import (
	"context"

	"github.com/go-djsession/go-djsession/djsession"
)

// Stamping is a [Cache] that can write a value so that its Version is never that of another
// write, of an equal value neither. Who reads the value sees no difference.
type Stamping interface {
	// Stamped reports whether the value that seen saw was written so.
	Stamped(seen djsession.Version) bool
}

// Stamp returns a context with which the Add, Replace and Set of a [Stamping] Cache write
// such values. Others ignore it.
func Stamp(ctx context.Context) context.Context { return context.WithValue(ctx, stamp{}, true) }

// Stamps reports whether ctx is of [Stamp]. It is for implementers.
func Stamps(ctx context.Context) bool { return ctx.Value(stamp{}) != nil }

type stamp struct{}
