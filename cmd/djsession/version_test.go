package main

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

// TestVersionOf: a release, a checkout, and a build that knows nothing.
func TestVersionOf(t *testing.T) {
	system := runtime.GOOS + "/" + runtime.GOARCH
	const revision = "0123456789abcdef0123456789abcdef01234567"
	for _, tt := range []struct {
		name string
		info debug.BuildInfo
		want string
	}{
		{"go install at a version", debug.BuildInfo{GoVersion: "go1.99", Main: debug.Module{Version: "v1.2.3"}}, "djsession v1.2.3 (go1.99, " + system + ")"},
		{"a checkout", debug.BuildInfo{GoVersion: "go1.99", Main: debug.Module{Version: "v1.2.3"},
			Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: "false"}}},
			"djsession v1.2.3 (revision " + revision + ", go1.99, " + system + ")"},
		{"a checkout with changes", debug.BuildInfo{GoVersion: "go1.99", Main: debug.Module{Version: "(devel)"},
			Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: "true"}}},
			"djsession (devel) (revision " + revision + " and changes, go1.99, " + system + ")"},
		{"nothing known", debug.BuildInfo{}, "djsession (devel) (" + runtime.Version() + ", " + system + ")"},
	} {
		if got := versionOf(&tt.info); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestVersion: the command and the flag print one line, the same.
func TestVersion(t *testing.T) {
	c := newCLI(t)
	got := c.must(t, "", "version")
	if flag := c.must(t, "", "--version"); flag != got {
		t.Errorf("--version prints %q, version %q", flag, got)
	}
	if !strings.HasPrefix(got, "djsession ") || !strings.HasSuffix(got, "\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
	for _, args := range [][]string{{"version", "extra"}, {"--version", "extra"}, {"list", "--version"}} {
		if r := c.run(t, "", args...); r.status != 2 {
			t.Errorf("djsession %s: got status %d, want 2", strings.Join(args, " "), r.status)
		}
	}
}
