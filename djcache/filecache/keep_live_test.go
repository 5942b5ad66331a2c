package filecache_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// A real Django stores values that JSON cannot hold. Go reads each and sets it back.
// Django finds every type as it was, and Go's own values with Python's types.
func TestKeepLive(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	for _, version := range []string{"2.2", "3.2", "4.2", "5.2", "6.1"} {
		t.Run(version, func(t *testing.T) {
			dir := t.TempDir()
			python := func(args ...string) string {
				t.Helper()
				cmd := exec.Command(django.Python(t, version), append([]string{"testdata/keep.py", dir}, args...)...)
				cmd.Stderr = os.Stderr
				out, err := cmd.Output()
				if err != nil {
					t.Fatal(err)
				}
				return strings.TrimSpace(string(out))
			}
			key := python("write")
			site := newSite(t, func(set *djsession.Settings) { set.Now = time.Now })
			s, err := djsession.New(cachestore.New(newCache(t, site, dir, nil), nil)).Open(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			for name, v := range maps.Collect(s.Items()) {
				if err := s.Set(name, v); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			for name, v := range map[string]any{
				"go time": time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), "go ints": map[int]string{1: "one"}, "go bytes": []byte("a"), "go duration": time.Second,
			} {
				if err := s.Set(name, v); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			if n := s.Len(); n < 25 {
				t.Errorf("%d values: these are no test", n)
			}
			if err := s.Save(t.Context()); err != nil {
				t.Fatal(err)
			}
			var got struct {
				Changed []string
				Set     map[string]string
			}
			if err := json.Unmarshal([]byte(python("read", key)), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Changed) > 0 {
				t.Errorf("Django finds another type in %q", got.Changed)
			}
			want := map[string]string{"go time": "datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.timezone.utc)", "go ints": "{1: 'one'}", "go bytes": "b'a'", "go duration": "datetime.timedelta(seconds=1)"}
			if !maps.Equal(got.Set, want) {
				t.Errorf("what Go set is %v, want %v", slices.Sorted(maps.Values(got.Set)), slices.Sorted(maps.Values(want)))
			}
		})
	}
}
