package djsession

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// notHere adds to an ErrNoSession or ErrCommitted what to do in a handler of fiber, or of
// fasthttp below it. Its adaptor.HTTPMiddleware calls a net/http middleware to the end before
// it calls the handlers of fiber: when these run, the session is saved and the header made.
func notHere(ctx context.Context, err error) error {
	if !(errors.Is(err, ErrNoSession) || errors.Is(err, ErrCommitted)) || !ofFasthttp(reflect.TypeOf(ctx)) {
		return err
	}
	return fmt.Errorf("%w: this is a handler of fiber or fasthttp, around which no net/http middleware can be: "+
		"write it as an http.Handler h, and mount adaptor.HTTPHandler(manager.Middleware(h))", err)
}

// ofFasthttp reports whether a context is one of fasthttp or fiber.
func ofFasthttp(t reflect.Type) bool {
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t != nil && fasthttpPath(t.PkgPath())
}

func fasthttpPath(path string) bool {
	return strings.HasPrefix(path, "github.com/valyala/fasthttp") || strings.HasPrefix(path, "github.com/gofiber/fiber")
}
