package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// manFolder has the man pages, which the archives of a release contain.
const manFolder = "../../docs/man"

// TestMan compares the man pages with the help, and groff has nothing to say about them:
// go test ./cmd/djsession -run TestMan -update.
func TestMan(t *testing.T) {
	root := newApp(nil, nil, nil, nil).root()
	pages := map[string]string{"djsession.1": manPage(root)}
	for _, c := range root.Commands() {
		pages["djsession-"+c.Name()+".1"] = manPage(c)
	}
	if *update {
		if err := os.MkdirAll(manFolder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(manFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if pages[file.Name()] == "" {
			t.Errorf("%s is the page of no command", file.Name())
		}
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		testserver.Lacks(t, "groff is not installed: compat_test/setup.sh servers")
	}
	for name, text := range pages {
		path := filepath.Join(manFolder, name)
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%s differs from the help; run go test ./cmd/djsession -run TestMan -update (%v)", name, err)
		}
		cmd := exec.Command(groff, "-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=78n")
		cmd.Stdin = strings.NewReader(text)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil || stderr.Len() > 0 {
			t.Errorf("%s: groff says %v\n%s", name, err, stderr.String())
		}
		// The page has each flag and each line of the examples.
		c, _, err := root.Find(strings.FieldsFunc(strings.TrimSuffix(strings.TrimPrefix(name, "djsession"), ".1"), func(r rune) bool { return r == '-' }))
		if err != nil {
			t.Fatal(err)
		}
		shown := strings.Join(strings.Fields(string(out)), " ")
		for line := range strings.Lines(c.Example + "\n" + flagNames(c)) {
			if want := strings.Join(strings.Fields(line), " "); !strings.Contains(shown, want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
	}
}

func flagNames(c *cobra.Command) string {
	return strings.Join(regexp.MustCompile(`--[a-z-]+`).FindAllString(c.LocalFlags().FlagUsages(), -1), "\n")
}

// manPage returns the page of a command, made of its help.
func manPage(c *cobra.Command) string {
	var b strings.Builder
	name := strings.ReplaceAll(c.CommandPath(), " ", "-")
	c.InitDefaultHelpFlag()
	fmt.Fprintf(&b, ".\\\" Made of the help by go test ./cmd/djsession -run TestMan -update.\n")
	fmt.Fprintf(&b, ".TH %s 1 \"\" djsession \"Sessions of Django\"\n", strings.ToUpper(name))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", name, roff(c.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n%s\n", roff(c.UseLine()))
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s", manText(c.Long))
	if c.HasAvailableSubCommands() {
		b.WriteString(".SH COMMANDS\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(sub.Name()), roff(sub.Short))
			}
		}
	}
	b.WriteString(".SH OPTIONS\n")
	for line := range strings.Lines(c.LocalFlags().FlagUsages()) {
		flag, what, _ := strings.Cut(strings.TrimSpace(line), "   ")
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(flag), roff(strings.TrimSpace(what)))
	}
	fmt.Fprintf(&b, ".SH EXAMPLES\n%s", manText(c.Example))
	b.WriteString(".SH EXIT STATUS\n0 if it is done, 1 if something was refused, not found or different, 2 if the command\nline is wrong, 130 after Ctrl\\-C and 143 after SIGTERM.\n")
	if c.HasParent() {
		b.WriteString(".SH SEE ALSO\n.BR djsession (1)\n")
	}
	return b.String()
}

// manText returns a text of the help: paragraphs, and lines with an indentation or with columns
// as they are.
func manText(text string) string {
	var b strings.Builder
	asIs := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch verbatim := strings.HasPrefix(line, " ") || strings.Contains(line, "  "); {
		case line == "":
		case verbatim != asIs:
			b.WriteString(map[bool]string{true: ".nf\n", false: ".fi\n"}[verbatim])
			asIs = verbatim
		}
		if line == "" && !asIs {
			line = ".PP"
		} else {
			line = roff(line)
		}
		b.WriteString(line + "\n")
	}
	if asIs {
		b.WriteString(".fi\n")
	}
	return b.String()
}

// roff returns a line as text for roff.
func roff(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(line)
	if strings.HasPrefix(line, ".") {
		return `\&` + line
	}
	return line
}
