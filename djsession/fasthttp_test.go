package djsession

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// An error in a handler of fiber says what to do; elsewhere it stays as it is.
func TestFasthttp(t *testing.T) {
	for path, want := range map[string]bool{
		"github.com/valyala/fasthttp": true, "github.com/gofiber/fiber/v2": true, "github.com/gofiber/fiber/v3": true,
		"context": false, "net/http": false, "github.com/gofiber/storage": false, "": false,
	} {
		if got := fasthttpPath(path); got != want {
			t.Errorf("%q: got %t", path, got)
		}
	}
	if _, err := Load(context.Background()); err != ErrNoSession {
		t.Errorf("got %v", err)
	}
	if err := notHere(t.Context(), ErrCommitted); err != ErrCommitted {
		t.Errorf("got %v", err)
	}
	err := errors.Join(ErrNoSession)
	if got := notHere(t.Context(), err); strings.Contains(got.Error(), "fiber") {
		t.Errorf("got %v", got)
	}
}
