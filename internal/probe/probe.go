// Package probe holds the program that asks a Django site how it shares sessions and
// logins. It is one Python source without dependencies, for CPython 2.7 and 3.6 to 3.14
// and Django 1.8 to 6.1. It prints a profile, which docs/profile.md describes and package
// djsettings reads.
//
// The form of the source matters. Up to Django 1.10, "manage.py shell" reads its standard
// input line by line, and a blank line ends a block. Up to 3.1 it runs the input without
// globals of its own. At any version it does the first if the input is late. So the
// program is one raw text, and one line runs it. All of it is ASCII.
package probe

import (
	_ "embed"
	"strconv"
	"strings"
)

//go:embed probe.py
var source string

// Options change what the probe prints. The zero value is the source as it is.
type Options struct {
	// SecretKey adds SECRET_KEY and SECRET_KEY_FALLBACKS. By default the profile has only
	// keys that are derived from them.
	SecretKey bool
	// EnvPasswords replaces the passwords of databases by names of variables: {"env":
	// "DJSESSION_DATABASE_DEFAULT_PASSWORD"}.
	EnvPasswords bool
	// File is where the program writes the profile, a file that is not there yet; default
	// standard output.
	File string
	// Cookies are names of signed cookies whose keys are wanted.
	Cookies []string
}

// The line that runs the program. It is the last one.
const runs = "exec(compile(PROBE, 'probe', 'exec'), {'__name__': '__main__'})"

// Source returns the program.
func Source(opts Options) string {
	var set []string
	if opts.SecretKey {
		set = append(set, "'secret_key': True")
	}
	if opts.EnvPasswords {
		set = append(set, "'env_passwords': True")
	}
	if opts.File != "" {
		set = append(set, "'file': u"+strconv.QuoteToASCII(opts.File))
	}
	if len(opts.Cookies) > 0 {
		var names []string
		for _, name := range opts.Cookies {
			// What Go quotes in ASCII is a literal of Python 2 and 3.
			names = append(names, "u"+strconv.QuoteToASCII(name))
		}
		set = append(set, "'cookies': ["+strings.Join(names, ", ")+"]")
	}
	if len(set) == 0 {
		return source
	}
	return strings.Replace(source, runs, strings.TrimSuffix(runs, "})")+", 'OPTIONS': {"+strings.Join(set, ", ")+"}})", 1)
}
