package djmessages_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djmessages"
)

// What a request does is what each Django did with the same one: what it reads, the
// cookie byte for byte, the text in the session, whether that is looked at and saved.
func TestDjango(t *testing.T) {
	for _, version := range append(versions, between...) {
		t.Run(version, func(t *testing.T) {
			failed := 0
			for _, v := range vectors(t, version) {
				got, err := run(t, version, v.In)
				if v.Out.Error == "" {
					if err != nil {
						t.Errorf("%s (%s): %v", v.Name, v.Why, err)
					}
					compare(t, v.Name+" ("+v.Why+")", got, v.Out)
					continue
				}
				// Where Django fails, what it could not read is reported, and replaced.
				failed++
				if reads := strings.HasSuffix(v.Name, "-read"); reads != errors.Is(err, djmessages.ErrCorrupt) {
					t.Errorf("%s (%s): got %v, Django had %s", v.Name, v.Why, err, v.Out.Error)
				}
				want := `null`
				if strings.HasSuffix(v.Name, "-add") {
					want = `"[[\"__json_message\",0,20,\"new\"`
				}
				session, _ := json.Marshal(got.Session)
				if !strings.HasPrefix(strings.ReplaceAll(string(session), ", ", ","), want) {
					t.Errorf("%s: the session holds %s afterwards, want %s", v.Name, session, want)
				}
			}
			if before31 := strings.Contains("1.8 1.11 2.2 3.0", version); (failed == 0) != before31 {
				t.Errorf("Django failed in %d vectors", failed)
			}
		})
	}
}
