package main

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-djsession/go-djsession/internal/console"
)

// dsnWays is the hint for a password on the command line.
const dsnWays = `put the DSN into a file, on its first line, and give @FILE in its place; or pipe it in, for @-
--dsn, --from and --to also come from the environment: ` + envDSN + `, ` + envFrom + `, ` + envTo

// dsnFlag is the value of a flag that takes a DSN: the DSN itself if there is no
// password in it, or where to read it: @FILE, or @- for standard input.
type dsnFlag struct{ text *string }

// addDSN adds a flag for a DSN. All of them are made here.
func addDSN(fs *pflag.FlagSet, text *string, name, about string) {
	fs.Var(&dsnFlag{text}, name, about+"; @FILE or @- reads it")
}

// Set implements pflag.Value.
func (f *dsnFlag) Set(text string) error {
	if !strings.HasPrefix(text, "@") && hasPassword(text) {
		return usage("has a password in it: what stands on the command line can be read by every user of this machine, and stays in the shell's history", dsnWays)
	}
	*f.text = text
	return nil
}

// String implements pflag.Value.
func (f *dsnFlag) String() string {
	if f.text == nil {
		return ""
	}
	return *f.text
}

// Type implements pflag.Value.
func (f *dsnFlag) Type() string { return "string" }

// readDSNs reads the DSNs that the flags of c name a file for.
func readDSNs(c *cobra.Command, a *app) (err error) {
	c.Flags().VisitAll(func(flag *pflag.Flag) {
		f, ok := flag.Value.(*dsnFlag)
		if !ok || err != nil {
			return
		}
		name, ok := strings.CutPrefix(*f.text, "@")
		if !ok {
			return
		}
		var text string
		if name == "-" {
			in, wrong := a.TakeStdin("the DSN of --" + flag.Name)
			if err = wrong; err == nil {
				text, err = console.ReadAll(in, console.MaxSecret)
			}
		} else {
			text, err = console.ReadFile(name, console.MaxSecret)
		}
		text, _, _ = strings.Cut(text, "\n")
		if *f.text = strings.TrimSpace(text); err == nil && *f.text == "" {
			err = usage("the first line of what --"+flag.Name+" names is empty: there is no DSN", "the DSN is the first line")
		}
	})
	return err
}

// hasPassword reports whether a DSN has a password in it, in any of the forms that
// djsettings.FromDSN reads and in what looks like one of them. A DSN that is misspelt may have a
// password too: where nothing tells, it has one.
func hasPassword(dsn string) bool {
	dsn = engineName.ReplaceAllString(strings.TrimSpace(dsn), "")
	if keyword.MatchString(dsn) {
		return true
	}
	address, query, _ := strings.Cut(dsn, "?")
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' || r == '?' || r == '#' }) {
		name, value, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if value != "" && isPasswordName(name) {
			return true
		}
	}
	scheme, rest, ok := strings.Cut(address, ":")
	switch strings.ToLower(scheme) {
	case "sqlite", "sqlite3", "file", "files":
		if ok {
			return false // a path, which may have any characters
		}
	}
	if _, after, is := strings.Cut(dsn, "://"); is { // a ? or a / in a password is a mistake, and one that is made
		rest = after
	} else if len(scheme) == 1 && strings.HasPrefix(rest, `\`) { // C:\sessions.db
		return false
	} else {
		rest = dsn
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return false
	}
	_, password, _ := strings.Cut(rest[:at], ":")
	return password != ""
}

// engineName is what stands before a plus sign in a DSN.
var engineName = regexp.MustCompile(`^(?i:cache|user_sessions|qsessions)\+`)

// keyword is a password of libpq's form, password=x, sslpassword = 'x y', or of the
// forms of other clients: ;Password=x, ,password=x, #password=x.
var keyword = regexp.MustCompile(`(?i)(?:^|[\s;,#&])\w*(?:password|passwd|pwd|secret)\s*=\s*(?:'[^']|[^'\s])`)

// isPasswordName reports whether a parameter of this name holds a password, and not the
// name of a file that does, nor whether passwords may be sent in some way.
func isPasswordName(name string) bool {
	name = strings.ToLower(name)
	if name == "passfile" || strings.HasPrefix(name, "allow") {
		return false
	}
	for _, part := range []string{"pass", "pwd", "secret", "token", "credential"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return name == "auth"
}
