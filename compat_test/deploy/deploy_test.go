// Package deploy_test looks at the files of examples/deploy, and runs what they run, without
// containers: the same commands at other addresses. It is a module of its own, because it
// reads compose.yaml with the library of docker compose.
package deploy_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

// folder is examples/deploy.
var folder = filepath.Join("..", "..", "examples", "deploy")

// project reads compose.yaml as `docker compose config` does: by its schema, with all
// references followed.
func project(t *testing.T) *types.Project {
	t.Helper()
	opts, err := cli.NewProjectOptions([]string{filepath.Join(folder, "compose.yaml")}, cli.WithWorkingDirectory(folder), cli.WithResolvedPaths(false))
	must(t, err)
	p, err := opts.LoadProject(t.Context())
	must(t, err)
	return p
}

// TestCompose: every container is as narrow as it can be, and only nginx is reached from outside.
func TestCompose(t *testing.T) {
	p := project(t)
	var names []string
	for name, s := range p.Services {
		names = append(names, name)
		if s.Privileged || len(s.CapAdd) > 0 || s.NetworkMode == "host" || s.Pid != "" {
			t.Errorf("%s may do what it need not", name)
		}
		if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.Restart == "" {
			t.Errorf("%s: got security_opt %q and restart %q", name, s.SecurityOpt, s.Restart)
		}
		if name != "postgres" && (!s.ReadOnly || s.User != "65532:65532" || !slices.Equal(s.CapDrop, []string{"ALL"})) { // its image begins as root
			t.Errorf("%s is not read only, is %q, or keeps capabilities", name, s.User)
		}
		if (s.Build == nil) == (s.Image == "") || s.Image != "" && !strings.Contains(s.Image, ":") {
			t.Errorf("%s: the image %q has no version", name, s.Image)
		}
		for _, port := range s.Ports {
			if name != "nginx" || port.HostIP != "127.0.0.1" {
				t.Errorf("%s is published at %s:%s", name, port.HostIP, port.Published)
			}
		}
		for variable, value := range s.Environment {
			if value != nil && regexp.MustCompile(`(?i)secret|password|key`).MatchString(variable) && !strings.HasPrefix(*value, "/run/secrets") {
				t.Errorf("%s has a secret in its environment: %s", name, variable)
			}
		}
		// Django, the gate and the program are in the network of nginx, where nobody else is.
		if inside := slices.Contains([]string{"django", "gate", "service"}, name); inside != (s.NetworkMode == "service:nginx") {
			t.Errorf("%s has the network %q", name, s.NetworkMode)
		}
		for other, d := range s.DependsOn {
			if d.Condition == types.ServiceConditionHealthy && p.Services[other].HealthCheck == nil {
				t.Errorf("%s waits for the health of %s, which has no check", name, other)
			}
		}
	}
	slices.Sort(names)
	if want := []string{"clearsessions", "django", "gate", "nginx", "postgres", "redis", "service"}; !slices.Equal(names, want) {
		t.Errorf("got the services %q", names)
	}
}

// TestContainerfile: each stage that compose.yaml names is there; each ends without root, and
// the programs stand on scratch, with nothing beside them.
func TestContainerfile(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(folder, "Containerfile"))
	must(t, err)
	stages, base, user := map[string][]string{}, map[string]string{}, map[string]string{}
	stage := ""
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case words[0] == "FROM":
			if len(words) != 4 || words[2] != "AS" {
				t.Fatalf("got %q", line)
			}
			stage = words[3]
			base[stage] = words[1]
		case !slices.Contains([]string{"WORKDIR", "COPY", "RUN", "USER", "ENV", "ENTRYPOINT"}, words[0]):
			t.Errorf("got the instruction %q", words[0])
		default:
			if words[0] == "USER" {
				user[stage] = words[1]
			}
			stages[stage] = append(stages[stage], line)
		}
	}
	for name, from := range base {
		if from != "scratch" && !strings.Contains(from, ":") {
			t.Errorf("%s: the image %s has no version", name, from)
		}
		if name != "build" && user[name] != "65532:65532" {
			t.Errorf("%s runs as %q", name, user[name])
		}
	}
	for _, name := range []string{"djsession", "service"} {
		if base[name] != "scratch" {
			t.Errorf("%s is built from %s", name, base[name])
		}
	}
	for name, s := range project(t).Services {
		if s.Build != nil && (base[s.Build.Target] == "" || s.Build.Dockerfile != "examples/deploy/Containerfile" || s.Build.Context != "../..") {
			t.Errorf("%s is built from %+v", name, s.Build)
		}
	}
}

// exposed is the worst mark that systemd-analyze may give, of 100.
const exposed = 15

// TestUnit: systemd understands the unit, and finds little that it could still take away.
func TestUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		testserver.Lacks(t, "systemd-analyze is not installed: run compat_test/setup.sh")
	}
	text, err := os.ReadFile(filepath.Join(folder, "djsession-gate.service"))
	must(t, err)
	file := filepath.Join(t.TempDir(), "djsession-gate.service")
	// The program has to be there.
	must(t, os.WriteFile(file, []byte(strings.Replace(string(text), "ExecStart=/usr/local/bin/djsession", "ExecStart=/bin/true", 1)), 0o600))
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", file).CombinedOutput()
	if err != nil || strings.Contains(string(out), "djsession-gate.service:") {
		t.Errorf("verify: %v\n%s", err, out)
	}
	out, err = exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold="+strconv.Itoa(exposed), file).CombinedOutput()
	if err != nil {
		t.Errorf("security: %v\n%s", err, out)
	}
	marks := regexp.MustCompile(`Overall exposure level.*`).Find(out)
	t.Logf("%s", marks)
	if len(marks) == 0 {
		t.Errorf("there is no mark in:\n%s", out)
	}
	var exit *exec.ExitError
	// A unit without any of it is refused, so that this test can fail.
	must(t, os.WriteFile(file, []byte("[Service]\nExecStart=/bin/true\n"), 0o600))
	if err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold="+strconv.Itoa(exposed), file).Run(); !errors.As(err, &exit) {
		t.Errorf("a unit that takes nothing away: got %v", err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
