package probe_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/internal/probe"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// Where IPython is installed, manage.py shell prefers it if the program is late. It prints
// prompts and a banner, and reads what comes then.
func TestIPython(t *testing.T) {
	python := django.Python(t, "apps")
	if out, _ := (run{python: python, args: []string{"-c", "import IPython\nprint('here')"}}).output(t, t.TempDir()); !strings.Contains(out, "here") {
		testserver.Lacks(t, "there is no IPython: run compat_test/setup.sh venvs djangoapps")
	}
	const lite = "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db'}}\nCACHES = {}\n"
	for _, tt := range []struct {
		name string
		args []string
		late bool
	}{
		{"at once", []string{"-v", "0"}, false},
		{"late", []string{"-v", "0"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := site(t, map[string]string{"shop/settings.py": settings + lite})
			file := filepath.Join(t.TempDir(), "out")
			out, err := os.Create(file)
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			cmd := exec.CommandContext(t.Context(), python, append([]string{"-B", "manage.py", "shell"}, tt.args...)...)
			cmd.Dir, cmd.Stdout, cmd.Env = dir, out, append(os.Environ(), "IPYTHONDIR="+t.TempDir())
			var errs strings.Builder
			cmd.Stderr = &errs
			in, err := cmd.StdinPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			printed := func() string {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Error(err)
				}
				return string(text)
			}
			for end := time.Now().Add(2 * time.Minute); tt.late && !strings.Contains(printed(), "In [") && time.Now().Before(end); {
				time.Sleep(50 * time.Millisecond)
			}
			asked := strings.Contains(printed(), "In [")
			_, _ = in.Write([]byte(probe.Source(probe.Options{})))
			in.Close()
			_ = cmd.Wait() // exit codes lie
			if asked != tt.late {
				t.Errorf("IPython was asked: %v", asked)
			}
			if set := profile(t, printed(), errs.String()); len(set.Profile.Missing) > 0 {
				t.Errorf("missing: %v", set.Profile.Missing)
			}
		})
	}
}
