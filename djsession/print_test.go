package djsession_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
)

// TestPrintsNothing formats the values that hold secrets, and the errors of failing
// operations.
func TestPrintsNothing(t *testing.T) {
	w := newWorld(t)
	key := w.put(item("chest", "treasure"))
	s, err := w.m.Open(t.Context(), key)
	must(t, err)
	r, version, err := w.mem.Load(t.Context(), key)
	must(t, err)
	var listed djsession.Listed
	for l, err := range w.mem.List(t.Context(), "") {
		must(t, err)
		listed = l
	}
	text, err := w.site.Encode(r.Data)
	must(t, err)
	_, errOther := w.m.Open(t.Context(), strings.ToUpper(key))
	_, errDecode := w.site.Decode(text + "x")
	cause := errors.New("Duplicate entry '" + key + "'")
	things := map[string]any{
		"session": s, "record": r, "version": version, "listed": listed, "site": w.site, "settings": w.site.Settings(),
		"not found": errOther, "corrupt": errDecode,
		"unavailable": djsession.Unavailable("create session", cause), "wrapped": fmt.Errorf("save: %w", djsession.Corrupt("load", cause)),
	}
	_ = s.Update(func(tx *djsession.Tx) error { things["tx"] = tx; return nil })
	for name, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			got := fmt.Sprintf(verb, thing)
			for what, secret := range map[string]string{"key": key, "value": "treasure", "name": "chest", "SECRET_KEY": secret, "payload": text[:20]} {
				if strings.Contains(strings.ToLower(got), strings.ToLower(secret)) || strings.Contains(got, fmt.Sprintf("%x", secret)) {
					t.Errorf("%s by %s prints a %s", name, verb, what)
				}
			}
		}
	}
	if !errors.Is(djsession.Unavailable("x", cause), cause) {
		t.Error("the cause is not matched")
	}
}
