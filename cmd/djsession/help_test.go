package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/help.txt anew")

// TestHelp compares the help of all commands with testdata/help.txt, so that a review shows
// each change: go test ./cmd/djsession -update.
func TestHelp(t *testing.T) {
	c := newCLI(t)
	var got strings.Builder
	for _, cmd := range append([]string{""}, commandNames()...) {
		args := []string{"help"}
		if cmd != "" {
			args = append(args, cmd)
		}
		got.WriteString("$ djsession " + strings.Join(args, " ") + "\n" + c.must(t, "", args...) + "\n")
	}
	path := filepath.Join("testdata", "help.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the help has changed; look at it, then run go test ./cmd/djsession -update\n%s", got.String())
	}
}

func commandNames() []string {
	var names []string
	for _, c := range new(app).commands() {
		names = append(names, c.Name())
	}
	return names
}

// TestNoSecretFlag: no command has a flag that takes a secret, a password or a key.
func TestNoSecretFlag(t *testing.T) {
	for _, name := range []string{"secret", "secret-key", "key", "password", "fallbacks", "session-key"} {
		for _, c := range new(app).commands() {
			if c.Flags().Lookup(name) != nil {
				t.Errorf("%s has the flag --%s: what it takes can be read by every user of the machine", c.Name(), name)
			}
		}
	}
}

// TestHelpIsComplete: every command has a text and an example, and a description for each
// flag.
func TestHelpIsComplete(t *testing.T) {
	for _, c := range new(app).commands() {
		if c.Long == "" || c.Example == "" || c.GroupID == "" || c.ValidArgsFunction == nil {
			t.Errorf("%s lacks a long text, an example, a group or completion of its arguments", c.Name())
		}
		for line := range strings.Lines(c.Long + "\n" + c.Example) {
			if len(strings.TrimRight(line, "\n")) > 100 {
				t.Errorf("%s: a line of the help is longer than 100 characters: %s", c.Name(), line)
			}
		}
	}
}
