package docs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djgate"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// checks says what is done with a block of each language. TestCode builds those of Go.
var checks = map[string]func(t *testing.T, b block) error{
	"go":      nil,
	"sh":      shell,
	"console": shell,
	"json": func(_ *testing.T, b block) error {
		var v any
		return json.Unmarshal([]byte(b.code), &v)
	},
	"html": func(_ *testing.T, b block) error {
		_, err := template.New("").Funcs(djcsrf.Funcs()).Parse(b.code)
		return err
	},
	"rules": func(_ *testing.T, b block) error {
		_, err := djgate.ParseRules(strings.NewReader(b.code))
		return err
	},
	"python": func(t *testing.T, b block) error {
		return program(t, b, "python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())")
	},
	"js": func(t *testing.T, b block) error {
		if _, err := exec.LookPath("node"); err != nil && os.Getenv("DJSESSION_TEST_REQUIRE") == "" {
			return nil // most machines have no engine of JavaScript; setup.sh installs one
		}
		return program(t, b, "node", "--input-type=module", "--check")
	},
	"mermaid": mermaid,
}

// notChecked are languages whose blocks nothing here can read, and why.
var notChecked = map[string]string{
	"text":  "for people",
	"nginx": "a part of a configuration; the whole file is in examples/deploy, and is tested in compat_test/gate",
	"caddy": "a part of a configuration; the whole file is in examples/deploy, and is tested in compat_test/gate",
	"yaml":  "nothing here reads YAML",
	"toml":  "nothing here reads TOML",
	"sql":   "a database reads it: TestGrants",
}

// TestBlocks: each block is one that a reader can paste. It parses in its language, and the
// commands of djsession have the flags that it names.
func TestBlocks(t *testing.T) {
	count, parsed, people := map[string]int{}, 0, 0
	for _, b := range all(t) {
		if b.lang == "" {
			if b.lang = "text"; commands[first(b.code)] && !strings.Contains(strings.SplitN(b.code, "\n", 2)[0], "    ") {
				b.lang = "sh"
			}
		}
		count[b.lang]++
		check, known := checks[b.lang]
		switch {
		case check != nil:
			if err := check(t, b); err != nil {
				t.Errorf("%s:%d: %v", b.page, b.line, err)
			}
			parsed++
		case !known && notChecked[b.lang] == "":
			t.Errorf("%s:%d: nobody knows how to check a block of %q", b.page, b.line, b.lang)
		case !known:
			people++
		}
	}
	t.Logf("pages: %d, blocks: %v; parsed: %d, built by TestCode: %d, neither: %d", len(pages(t)), count, parsed, count["go"], people)
}

// commands are the programs with which an indented block of the shell begins.
var commands = func() map[string]bool {
	names := map[string]bool{}
	for _, name := range strings.Fields("djsession go make compat_test/new-django python export curl docker source git sudo systemctl kubectl compat_test/setup.sh") {
		names[name] = true
	}
	return names
}()

// first is the program of a command.
func first(command string) string {
	words := strings.Fields(strings.TrimPrefix(command, "$ "))
	for len(words) > 0 && strings.Contains(words[0], "=") {
		words = words[1:]
	}
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// shell checks the syntax of the commands of a block, and the flags of djsession in them.
func shell(t *testing.T, b block) error {
	script := b.code
	if strings.HasPrefix(script, "$ ") {
		script = ""
		for _, s := range steps(b) {
			script += s.command + "\n"
		}
	}
	if err := program(t, block{code: script}, "bash", "-n"); err != nil {
		return err
	}
	for _, words := range flags.FindAllStringSubmatch(strings.ReplaceAll(script, "\\\n", " "), -1) {
		help := help(t, words[1])
		if help == "" {
			return fmt.Errorf("there is no command djsession %s", words[1])
		}
		for _, flag := range flag.FindAllString(words[2], -1) {
			if !strings.Contains(help, flag+" ") {
				return fmt.Errorf("djsession %s has no flag%s", words[1], flag)
			}
		}
	}
	return nil
}

var (
	flags = regexp.MustCompile(`(?m)\bdjsession ([a-z]+)([^|;\n#]*)`)
	flag  = regexp.MustCompile(` --?[a-z][a-z-]*`)
)

// help is what "djsession help NAME" prints, or "".
func help(t *testing.T, name string) string {
	_, text, found := strings.Cut(string(read(t, "../cmd/djsession/testdata/help.txt")), "\n$ djsession help "+name+"\n")
	if !found && (name == "help" || name == "completion") {
		return " "
	}
	if !found {
		return ""
	}
	text, _, _ = strings.Cut(text, "\n$ djsession help ")
	return text + " --version "
}

// program runs a program that reads the block. Without it the test is skipped.
func program(t *testing.T, b block, name string, args ...string) error {
	if _, err := exec.LookPath(name); err != nil {
		testserver.Lacks(t, "there is no "+name)
	}
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(b.code)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// A diagram is made of nodes and arrows, with quoted texts. The forge knows more; what
// looks other than this may break there.
var (
	arrow = regexp.MustCompile(`^\s*\w+(\(\[".+"\]\)|\[\(".+"\)\]|\[".+"\]|)( (-->|<-->|-\.->)(\|".+"\|)? \w+(\(\[".+"\]\)|\[\(".+"\)\]|\[".+"\]|))?$`)
	kinds = []string{"flowchart LR", "flowchart TD"}
)

func mermaid(_ *testing.T, b block) error {
	lines := strings.Split(strings.TrimSpace(b.code), "\n")
	if !slices.Contains(kinds, lines[0]) {
		return fmt.Errorf("a diagram begins with one of %q", kinds)
	}
	for _, line := range lines[1:] {
		if !arrow.MatchString(line) {
			return fmt.Errorf("not known to be good mermaid: %s", line)
		}
	}
	return nil
}

// step is a command of a block, after "$ ", and what it prints.
type step struct{ command, output string }

// steps are those of a block. A command goes on after a backslash at the end of its line.
func steps(b block) []step {
	var found []step
	more := false
	for line := range strings.Lines(b.code) {
		command, ok := strings.CutPrefix(line, "$ ")
		switch {
		case ok:
			found = append(found, step{command: command})
		case len(found) == 0:
			continue
		case more:
			found[len(found)-1].command += strings.TrimPrefix(line, "> ")
		default:
			found[len(found)-1].output += line
		}
		more = (ok || more) && strings.HasSuffix(line, "\\\n")
	}
	for i := range found {
		found[i].command = strings.TrimSuffix(found[i].command, "\n")
		found[i].output = strings.TrimRight(found[i].output, "\n")
	}
	return found
}

// like reports whether a program printed what the page shows, where "..." stands for any
// text of a line, and a line of it for any lines.
func like(shown, printed string) bool {
	if shown == "..." {
		return true
	}
	pattern := regexp.QuoteMeta(strings.TrimSpace(shown))
	pattern = strings.ReplaceAll(pattern, "\n"+regexp.QuoteMeta("..."), `(\n.*)*`)
	pattern = strings.ReplaceAll(pattern, regexp.QuoteMeta("..."), `.*`)
	return regexp.MustCompile("^" + pattern + "$").MatchString(strings.TrimSpace(printed))
}

// runnable are the blocks of all pages with the mark "run: what".
func runnable(t *testing.T, what string) []block {
	return slices.DeleteFunc(all(t), func(b block) bool { return b.mark != "run: "+what })
}

// run runs the commands of a block in dir, one shell for all of them, and compares what
// they print.
func run(t *testing.T, b block, dir string, environ []string) {
	t.Helper()
	const end = "\x01"
	script := ""
	want := steps(b)
	for _, s := range want {
		script += s.command + "\nprintf '" + end + "'\n"
	}
	cmd := exec.Command("bash", "-c", script)
	cmd.Dir, cmd.Env = dir, environ
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Errorf("%s:%d: %v\n%s", b.page, b.line, err, failed.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(string(out), end)
	for i, s := range want {
		if i >= len(got) || !like(s.output, got[i]) {
			t.Errorf("%s:%d: $ %s\nprints\n%s\nand the page has\n%s", b.page, b.line, s.command, append(got, "nothing")[i], s.output)
		}
	}
}

// install builds a command of this module, and returns the folder of its binary.
func install(t *testing.T, pkg string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, filepath.Base(pkg)), pkg).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}
