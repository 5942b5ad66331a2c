package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/signer"
)

// Where secrets come from, when no flag says otherwise.
const (
	envSecret    = "DJANGO_SECRET_KEY"
	envFallbacks = "DJANGO_SECRET_KEY_FALLBACKS"
	envKeys      = "DJSESSION_KEYS"
)

// maxSecret is the most bytes that are read for keys.
const maxSecret = 1 << 20

// secretFlags are the ways to give keys. There is none that puts a secret itself
// on the command line.
type secretFlags struct {
	file  string
	stdin bool
	keys  string

	settings *secrets // those that the site's settings have
}

func (f *secretFlags) add(c *cobra.Command) {
	fs := c.Flags()
	fs.StringVar(&f.file, "secret-file", "", "`FILE` with SECRET_KEY on its first line, and fallbacks on the next ones")
	fs.BoolVar(&f.stdin, "secret-stdin", false, "the same on standard input")
	fs.StringVar(&f.keys, "keys-file", "", "`FILE` with derived keys instead, as djsession keys prints them")
	_ = c.MarkFlagFilename("secret-file")
	_ = c.MarkFlagFilename("keys-file")
}

// secrets are the keys of the site.
type secrets struct {
	keys signer.Keys
	from string // where they came from, for messages

	secret    string // "" if there are only derived keys, or the settings have it
	fallbacks []string
	derived   bool
}

// load reads the keys, and returns nil if none were given at all.
func (f *secretFlags) load(a *app) (*secrets, error) {
	if f.settings != nil {
		return f.settings, nil
	}
	given := 0
	for _, is := range []bool{f.file != "", f.stdin, f.keys != ""} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, usage("keys were given in more than one way", "choose one of --secret-file, --secret-stdin and --keys-file")
	case f.file != "":
		text, err := readFile(f.file, maxSecret)
		if err != nil {
			return nil, err
		}
		return secretsOf("--secret-file", text)
	case f.stdin:
		in, err := a.takeStdin("the SECRET_KEY")
		if err != nil {
			return nil, err
		}
		text, err := readAll(in, maxSecret)
		if err != nil {
			return nil, err
		}
		return secretsOf("--secret-stdin", text)
	case f.keys != "":
		text, err := readFile(f.keys, maxSecret)
		if err != nil {
			return nil, err
		}
		return derivedSecrets("--keys-file", text)
	}
	return secretsOfEnvironment(a)
}

func secretsOfEnvironment(a *app) (*secrets, error) {
	secret, fallbacks, keys := a.env(envSecret), a.env(envFallbacks), a.env(envKeys)
	switch {
	case secret != "" && keys != "":
		return nil, usage("both "+envSecret+" and "+envKeys+" are set", "unset one of them")
	case secret != "":
		return secretsOf(envSecret, secret+"\n"+fallbacks)
	case fallbacks != "":
		return nil, usage(envFallbacks+" is set, but not "+envSecret, "set both")
	case keys != "":
		return derivedSecrets(envKeys, keys)
	}
	return nil, nil
}

// secretsOf reads SECRET_KEY from the first line of text, and fallbacks from the
// lines after it. Nothing but the ends of the lines is cut off: a SECRET_KEY may
// begin or end with a space.
func secretsOf(from, text string) (*secrets, error) {
	s := &secrets{from: from}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		switch {
		case i == 0:
			s.secret = line
		case line != "":
			s.fallbacks = append(s.fallbacks, line)
		}
	}
	if s.secret == "" {
		return nil, usage("the first line of "+from+" is empty: there is no SECRET_KEY", "SECRET_KEY is the first line; fallbacks may follow, one a line")
	}
	s.keys = signer.SecretKey(s.secret, s.fallbacks...)
	return s, nil
}

func derivedSecrets(from, text string) (*secrets, error) {
	const hint = "it should be what djsession keys printed, the line that begins with djsession-derived-keys included"
	ds, err := signer.ParseDerivedKeys(text)
	if err != nil {
		return nil, usage(from+" cannot be read: "+strings.ReplaceAll(err.Error(), "signer: ", ""), hint)
	}
	keys, err := signer.DerivedKeys(ds...)
	if err == nil && keys.IsZero() {
		err = errors.New("there is no key in it")
	}
	if err != nil {
		return nil, usage(from+" cannot be used: "+strings.ReplaceAll(err.Error(), "signer: ", ""), hint)
	}
	return &secrets{keys: keys, from: from, derived: true}, nil
}

// need is load for commands that cannot do without.
func (f *secretFlags) need(a *app) (*secrets, error) {
	s, err := f.load(a)
	if err == nil && s == nil {
		err = usage("there is no SECRET_KEY", "set "+envSecret+", or give --secret-file or --secret-stdin\na service without it uses derived keys: "+envKeys+" or --keys-file")
	}
	return s, err
}

// readFile reads a file of at most max bytes.
func readFile(name string, max int) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fileProblem(err)
	}
	defer f.Close()
	return readAll(f, max)
}

// readAll reads at most max bytes.
func readAll(r io.Reader, max int) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(max)+1))
	if err != nil {
		return "", fileProblem(err)
	}
	if len(b) > max {
		return "", refused(fmt.Sprintf("the input is longer than %d bytes", max), "no session is that large: is this the right file?")
	}
	return string(b), nil
}

// fileProblem is an error of the file system. It may name the file, which the
// user has just named.
func fileProblem(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return &problem{exitRefused, fmt.Sprintf("%s: %v", path.Path, path.Err), "the path is relative to the folder that you are in", err}
	}
	return &problem{exitRefused, fmt.Sprintf("read: %v", err), "", err}
}
