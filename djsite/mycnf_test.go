package djsite

import (
	"strings"
	"testing"
)

// The values are those that my_print_defaults of MariaDB prints.
func TestMyCnf(t *testing.T) {
	for line, want := range map[string]string{
		`a='a\'b'`:        "a'b",
		`a=ab#c`:          "ab",
		`a='p#w' # x`:     "p#w",
		`a="a"b"`:         `a"b`,
		`a='a'b`:          "'a'b",
		`a=a\sb\qc\\`:     `a b\qc\`,
		`a=" x " `:        " x ",
		`a`:               "",
		`a=`:              "",
		`a='`:             "'",
		`a=''`:            "",
		`a=a\`:            `a\`,
		`a='x # y`:        "'x # y",
		`a=it's # x`:      "it's # x",
		`a=a;b`:           "a;b",
		`a=a "b # c" d`:   `a "b # c" d`,
		`a=a\#b`:          `a\`,
		`a="a\" # b" # c`: `a" # b`,
		`a=x=y`:           "x=y",
	} {
		if got, ok := parseMyCnf("[mysqld]\na=0\n[client]\n"+line+"\n[mysql]\na=1\n", "client", "")["a"]; got != want || !ok {
			t.Errorf("%s: got %q, %v, want %q", line, got, ok, want)
		}
	}
	if got := parseMyCnf("[ client]\na=1\n[]\na=2\n[CLIENT ]x\nb-c=3\n", "client", ""); len(got) != 1 || got["b_c"] != "3" {
		t.Errorf("groups: got %v", got)
	}
}

// FuzzMyCnf: a value between quotes is read as what was written, whatever stands around
// it in other groups; and all that is read is not longer than the text.
func FuzzMyCnf(f *testing.F) {
	for _, text := range []string{
		"", "[client]\nuser = \"fi le\"  # who\npassword='p#w'\n", "[client", "[client]\n=\n", "[client]\na='\na=\"\n", "!include x\n;\n#\n", "[client]\na=\\\n", "[client]\r\na=b\r\n", "[client]\na\n", "\xff[client]",
	} {
		f.Add(text, "")
		f.Add(text, `p"w'#\`+text)
	}
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	f.Fuzz(func(t *testing.T, text, value string) {
		sum := 0
		for name, v := range parseMyCnf(text, "client", "site") {
			sum += len(name) + len(v)
		}
		if sum > len(text) {
			t.Errorf("%q: %d bytes of settings", text, sum)
		}
		for _, quoted := range []string{`"` + escape.Replace(value) + `"`, `"` + escape.Replace(value) + `" # "'`} {
			all := text + "\n[client]\npass-word = " + quoted + "\n[other]\npass-word=x\n"
			if got := parseMyCnf(all, "client", "site")["pass_word"]; got != value {
				t.Errorf("%s: got %q, want %q", quoted, got, value)
			}
		}
	})
}
