package prove_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/prove"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

var engines = map[string]string{
	"db":             ``,
	"file":           `SESSION_FILE_PATH = os.path.join(BASE, "sessions")`,
	"cached_db":      `CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache_table"}}`,
	"cache":          `CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": os.path.join(BASE, "cache")}}`,
	"signed_cookies": ``,
}

// project makes a site, and returns its folder and its Python.
func project(t *testing.T, version, engine, more string) (dir, python string) {
	t.Helper()
	dir, python = django.Project(t, version, fmt.Sprintf(`import os
BASE = os.path.dirname(os.path.abspath(__file__))
SECRET_KEY = "prove-0123456789-0123456789-0123456789"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(BASE, "db.sqlite3")}}
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
SESSION_ENGINE = "django.contrib.sessions.backends.%s"
USE_TZ = True
TIME_ZONE = "America/New_York"
%s
%s
`, engine, engines[engine], more))
	for _, name := range []string{"sessions", "cache"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	django.Manage(t, dir, python, "migrate", "-v", "0")
	if engine == "cached_db" {
		django.Manage(t, dir, python, "createcachetable")
	}
	return dir, python
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, dir, python string, change func(*djsettings.Settings)) *djsite.Site {
	t.Helper()
	set, err := djsettings.FromManage(t.Context(), dir, &djsettings.ManageOptions{Python: python})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		set.Profile = nil // which would show the change at once
		change(set)
	}
	site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { site.Close() })
	return site
}

// Every engine of every Django, in the site's own shell.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	for version, names := range map[string][]string{
		"1.8": {"db"}, "1.11": {"cache"}, "2.2": {"cached_db"}, "3.2": {"signed_cookies"}, "4.2": {"file"}, "5.2": {"cache"}, "6.1": {"db", "signed_cookies"},
	} {
		for _, engine := range names {
			t.Run(version+"/"+engine, func(t *testing.T) {
				dir, python := project(t, version, engine, "")
				site := open(t, dir, python, nil)
				report, err := prove.Run(t.Context(), site.Sessions, prove.Command(t.Context(), python, dir))
				if err != nil {
					t.Fatal(err)
				}
				steps := 5
				if engine == "signed_cookies" {
					steps = 2
				}
				if len(report.Shown) != steps || !strings.HasPrefix(report.Django, version) || !strings.HasSuffix(report.Engine, engine) {
					t.Errorf("got %+v", report)
				}
				left(t, site)
			})
		}
	}
}

// left looks for canaries that were left behind.
func left(t *testing.T, site *djsite.Site) {
	t.Helper()
	if n := stored(t, site); n > 0 {
		t.Errorf("%d canaries were left behind", n)
	}
}

func stored(t *testing.T, site *djsite.Site) (n int) {
	t.Helper()
	lister, err := site.Lister()
	if err != nil {
		return 0
	}
	for _, err := range lister.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// What the two sides do not share is an ErrDiffers that names the step.
func TestDiffers(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	for _, tt := range []struct {
		name, engine, python, says string
		change                     func(*djsettings.Settings)
	}{
		{"another SECRET_KEY", "db", "", "Django does not find", func(s *djsettings.Settings) { s.Keys = set(t, "other-0123456789-0123456789-0123456789").Keys }},
		{"another zone", "db", "", "Django does not find", func(s *djsettings.Settings) { s.UseTZ, s.TimeZone = false, "America/Los_Angeles" }},
		{"another folder", "file", "", "Django does not find", func(s *djsettings.Settings) { s.Sessions.FilePath = t.TempDir() }},
		{"another SECRET_KEY of cookies", "signed_cookies", "", "Django does not find", func(s *djsettings.Settings) { s.Keys = set(t, "other-0123456789-0123456789-0123456789").Keys }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, python := project(t, "5.2", tt.engine, tt.python)
			site := open(t, dir, python, tt.change)
			_, err := prove.Run(t.Context(), site.Sessions, prove.Command(t.Context(), python, dir))
			if !errors.Is(err, prove.ErrDiffers) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
			left(t, site)
			left(t, open(t, dir, python, nil))
		})
	}
}

func set(t *testing.T, secret string) *djsettings.Settings {
	t.Helper()
	s, err := djsettings.FromMap(map[string]any{"SECRET_KEY": secret}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A site that does not run is an ErrSite.
func TestNoSite(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	dir, python := project(t, "5.2", "db", "")
	site := open(t, dir, python, nil)
	write(t, filepath.Join(dir, "settings.py"), "raise ValueError('s3cr3t')")
	for name, cmd := range map[string]*exec.Cmd{
		"broken settings": prove.Command(t.Context(), python, dir),
		"no manage.py":    prove.Command(t.Context(), python, t.TempDir()),
		"no Python":       prove.Command(t.Context(), "/nonexistent/python", dir),
	} {
		if _, err := prove.Run(t.Context(), site.Sessions, cmd); !errors.Is(err, prove.ErrSite) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	left(t, site)
}

// stopping is a Store that stops for ever after it has stored a canary.
type stopping struct {
	djsession.Store
	at string
}

func (s stopping) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	v, err := s.Store.Create(ctx, key, r)
	s.stop("create", err)
	return v, err
}

func (s stopping) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	v, err := s.Store.Update(ctx, key, r, seen)
	s.stop("update", err)
	return v, err
}

func (s stopping) stop(at string, err error) {
	if at == s.at {
		fmt.Println("stopped", err)
		select {}
	}
}

// TestKilled kills this process at several steps: the site's Django deletes the canaries.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("PROVE_DIR"); dir != "" { // the process to be killed
		python, at, _ := strings.Cut(os.Getenv("PROVE_STOP"), ":")
		store := stopping{open(t, dir, python, nil).Sessions.Store(), at}
		_, err := prove.Run(t.Context(), djsession.New(store), prove.Command(t.Context(), python, dir))
		t.Fatal(err)
	}
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	dir, python := project(t, "5.2", "db", "")
	site := open(t, dir, python, nil)
	for _, at := range []string{"create", "update"} {
		t.Run(at, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$", "-test.v")
			cmd.Env = append(os.Environ(), "PROVE_DIR="+dir, "PROVE_STOP="+python+":"+at)
			out, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			text, seen := make([]byte, 4096), ""
			for !strings.Contains(seen, "stopped <nil>") {
				n, err := out.Read(text)
				if err != nil {
					t.Fatalf("it ended: %v %s", err, seen)
				}
				seen += string(text[:n])
			}
			there := stored(t, site)
			if there == 0 {
				t.Error("no canary is there: this is no test")
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			go io.Copy(io.Discard, out)
			_ = cmd.Wait()
			for end := time.Now().Add(20 * time.Second); stored(t, site) > 0 && time.Now().Before(end); {
				time.Sleep(50 * time.Millisecond)
			}
			left(t, site)
		})
	}
}

// A Django that is killed is an ErrSite, and Go deletes the canaries.
func TestDjangoKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	dir, python := project(t, "5.2", "db", "")
	site := open(t, dir, python, nil)
	cmd := prove.Command(t.Context(), python, dir)
	store := killing{site.Sessions.Store(), cmd}
	if _, err := prove.Run(t.Context(), djsession.New(store), cmd); !errors.Is(err, prove.ErrSite) {
		t.Errorf("got %v", err)
	}
	left(t, site)
}

// killing kills the Django after the first write.
type killing struct {
	djsession.Store
	cmd *exec.Cmd
}

func (s killing) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	v, err := s.Store.Create(ctx, key, r)
	_ = s.cmd.Process.Kill()
	return v, err
}
