package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// shells are programs that load the script $SCRIPT, complete the line $LINE at its end, and
// print what the shell would offer, one a line.
var shells = map[string]struct{ args, missing []string }{
	"bash": {[]string{"--norc", "-c", `
		source "$BASH_COMPLETION" && source "$SCRIPT" || exit 1
		COMP_LINE=$LINE COMP_POINT=${#LINE} COMP_TYPE=9
		read -ra COMP_WORDS <<<"$LINE"
		[[ $LINE == *' ' ]] && COMP_WORDS+=('')
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		complete -p djsession >/dev/null || exit 1
		files=1 # the builtin works only while readline completes
		compopt() { [[ "$*" != *'+o default'* ]] || files=0; }
		type() { echo builtin; }
		__start_djsession
		if [[ ${#COMPREPLY[@]} = 0 && $files = 1 ]]; then compgen -f; fi
		printf '%s\n' "${COMPREPLY[@]}"`}, []string{bashCompletion}},
	"zsh": {[]string{"-f", "-c", `
		compdef() { :; }
		source "$SCRIPT" || exit 1
		_describe() { (( $#completions )) && print -l -- "${completions[@]}"; }
		_arguments() { print -l -- "$PWD"/*(:t); }
		words=(${(z)LINE})
		[[ $LINE == *' ' ]] && words+=('')
		CURRENT=$#words
		_djsession`}, nil},
	"fish": {[]string{"--no-config", "-c", `source $SCRIPT; and complete -C $LINE`}, nil},
}

// bashCompletion is the package that completions in bash need, as for other programs.
const bashCompletion = "/usr/share/bash-completion/bash_completion"

// TestCompletion: the scripts of djsession completion work in their shells: commands, flags,
// the values of a flag, files, and nothing where a value is the user's own.
func TestCompletion(t *testing.T) {
	for shell, how := range shells {
		t.Run(shell, func(t *testing.T) {
			program, err := exec.LookPath(shell)
			if err != nil {
				testserver.Lacks(t, shell+" is not installed: compat_test/setup.sh servers")
			}
			for _, file := range how.missing {
				if _, err := os.Stat(file); err != nil {
					testserver.Lacks(t, file+" is not installed: compat_test/setup.sh servers")
				}
			}
			c := newCLI(t)
			dir := filepath.Dir(c.env[envDSN])
			script := filepath.Join(t.TempDir(), "script")
			if err := os.WriteFile(script, []byte(c.must(t, "", "completion", shell)), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct {
				line string
				want []string
			}{
				{"djsession cl", []string{"clearsessions"}},
				{"djsession con", []string{"convert"}},
				{"djsession list --ex", []string{"--expired"}},
				{"djsession convert --to ", []string{"json", "keep", "pickle"}},
				{"djsession gate --header-preset ", []string{"grafana"}},
				{"djsession doctor --settings ", []string{"db.sqlite3"}},
				{"djsession convert --batch ", nil},
				{"djsession list ", nil},
			} {
				cmd := exec.Command(program, how.args...)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "SCRIPT="+script, "LINE="+tt.line, "BASH_COMPLETION="+bashCompletion, "HOME="+dir)
				var stdout, stderr bytes.Buffer
				cmd.Stdout, cmd.Stderr = &stdout, &stderr
				if err := cmd.Run(); err != nil && tt.want != nil {
					t.Errorf("%s: %v\n%s", tt.line, err, stderr.String())
				}
				var got []string
				for line := range strings.Lines(stdout.String()) {
					word, _, _ := strings.Cut(strings.TrimSpace(line), "\t") // fish and zsh add the description
					word, _, _ = strings.Cut(word, ":")
					if word, _, _ = strings.Cut(word, "  "); word != "" {
						got = append(got, word)
					}
				}
				if slices.Sort(got); !slices.Equal(got, tt.want) {
					t.Errorf("%q: got %q, want %q\n%s", tt.line, got, tt.want, stderr.String())
				}
			}
		})
	}
}
