package gate_test

import (
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// Programs that are large or have to be built: `make traefik envoy` gets them and runs the
// tests of this package with them.
var (
	traefik = flag.String("traefik", "", "the program Traefik, one of the proxies then")
	envoy   = flag.String("envoy", "", "the program Envoy, one of the proxies then")
)

// more starts the proxies of the flags with their files of examples/deploy.
func (w *world) more(t *testing.T, upstream string) {
	t.Helper()
	if *traefik != "" {
		addr, dir := freeAddr(t), testserver.PublicDir(t)
		change := w.addresses(addr, upstream)
		for _, name := range []string{"traefik.yaml", "traefik-routes.yaml"} {
			w.copy(t, dir, name, strings.NewReplacer("filename: traefik-routes.yaml", "filename: "+filepath.Join(dir, "traefik-routes.yaml")).Replace, change.Replace)
		}
		w.run(t, "tcp", addr, absolute(t, *traefik), "--configFile="+filepath.Join(dir, "traefik.yaml"))
		w.fronts["Traefik"] = addr
	}
	if *envoy != "" {
		addr, dir := freeAddr(t), testserver.PublicDir(t)
		w.copy(t, dir, "envoy.yaml", w.addresses(addr, upstream).Replace, ports(w, addr, upstream).Replace)
		w.run(t, "tcp", addr, absolute(t, *envoy), "-c", filepath.Join(dir, "envoy.yaml"), "-l", "error", "--concurrency", "1", "--use-dynamic-base-id")
		w.fronts["Envoy"] = addr
	}
}

// addresses replaces the addresses of the files of examples/deploy.
func (w *world) addresses(addr, upstream string) *strings.Replacer {
	return strings.NewReplacer("127.0.0.1:8000", w.django, "127.0.0.1:8001", w.gate, "127.0.0.1:3000", upstream, "127.0.0.1:8080", addr)
}

// ports replaces them where a file has address and port apart.
func ports(w *world, addr, upstream string) *strings.Replacer {
	var pairs []string
	for old, now := range map[string]string{"8000": w.django, "8001": w.gate, "3000": upstream, "8080": addr} {
		_, port, _ := net.SplitHostPort(now)
		pairs = append(pairs, "port_value: "+old+"}", "port_value: "+port+"}")
	}
	return strings.NewReplacer(pairs...)
}

// copy copies a file of examples/deploy with changes.
func (w *world) copy(t *testing.T, dir, name string, changes ...func(string) string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "deploy", name))
	must(t, err)
	changed := string(text)
	for _, change := range changes {
		changed = change(changed)
	}
	must(t, os.WriteFile(filepath.Join(dir, name), []byte(changed), 0o644))
}

func absolute(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	must(t, err)
	path, err = filepath.Abs(path)
	must(t, err)
	return path
}
