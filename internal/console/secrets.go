package console

import (
	"errors"
	"strings"

	"github.com/go-djsession/go-djsession/signer"
)

// The environment variables that hold secrets, if no flag names a source.
const (
	EnvSecret    = "DJANGO_SECRET_KEY"
	EnvFallbacks = "DJANGO_SECRET_KEY_FALLBACKS"
	EnvKeys      = "DJSESSION_KEYS"
)

// MaxSecret is the most bytes that Load reads for keys.
const MaxSecret = 1 << 20

// SecretSources are the ways to give keys. None of them puts a secret on the command line.
type SecretSources struct {
	File  string // SECRET_KEY on its first line, fallbacks on the next ones
	Stdin bool   // the same from standard input
	Keys  string // a file with derived keys

	Settings *Secrets // from the site's settings
}

// Secrets are the keys of the site.
type Secrets struct {
	Keys    signer.Keys
	From    string // the source, for messages
	Secret  string // "" for derived keys, and for keys from Settings
	Derived bool
}

// Load reads the keys. It returns nil if none are given.
func (f *SecretSources) Load(c *Console) (*Secrets, error) {
	if f.Settings != nil {
		return f.Settings, nil
	}
	given := 0
	for _, is := range []bool{f.File != "", f.Stdin, f.Keys != ""} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, Usage("keys were given in more than one way", "choose one of --secret-file, --secret-stdin and --keys-file")
	case f.File != "":
		text, err := ReadFile(f.File, MaxSecret)
		if err != nil {
			return nil, err
		}
		return secretsOf("--secret-file", text)
	case f.Stdin:
		in, err := c.TakeStdin("the SECRET_KEY")
		if err != nil {
			return nil, err
		}
		text, err := ReadAll(in, MaxSecret)
		if err != nil {
			return nil, err
		}
		return secretsOf("--secret-stdin", text)
	case f.Keys != "":
		text, err := ReadFile(f.Keys, MaxSecret)
		if err != nil {
			return nil, err
		}
		return derivedSecrets("--keys-file", text)
	}
	return secretsOfEnvironment(c)
}

func secretsOfEnvironment(c *Console) (*Secrets, error) {
	secret, fallbacks, keys := c.Env(EnvSecret), c.Env(EnvFallbacks), c.Env(EnvKeys)
	switch {
	case secret != "" && keys != "":
		return nil, Usage("both "+EnvSecret+" and "+EnvKeys+" are set", "unset one of them")
	case secret != "":
		return secretsOf(EnvSecret, secret+"\n"+fallbacks)
	case fallbacks != "":
		return nil, Usage(EnvFallbacks+" is set, but not "+EnvSecret, "set both")
	case keys != "":
		return derivedSecrets(EnvKeys, keys)
	}
	return nil, nil
}

// secretsOf reads SECRET_KEY from the first line of text, and fallbacks from the lines
// after it. It removes only the line ends: a SECRET_KEY may begin or end with a space.
func secretsOf(from, text string) (*Secrets, error) {
	s := &Secrets{From: from}
	var fallbacks []string
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		switch {
		case i == 0:
			s.Secret = line
		case line != "":
			fallbacks = append(fallbacks, line)
		}
	}
	if s.Secret == "" {
		return nil, Usage("the first line of "+from+" is empty: there is no SECRET_KEY", "SECRET_KEY is the first line; fallbacks may follow, one a line")
	}
	s.Keys = signer.SecretKey(s.Secret, fallbacks...)
	return s, nil
}

func derivedSecrets(from, text string) (*Secrets, error) {
	const hint = "it should be what djsession keys printed, the line that begins with djsession-derived-keys included"
	ds, err := signer.ParseDerivedKeys(text)
	if err != nil {
		return nil, Usage(from+" cannot be read: "+strings.ReplaceAll(err.Error(), "signer: ", ""), hint)
	}
	keys, err := signer.DerivedKeys(ds...)
	if err == nil && keys.IsZero() {
		err = errors.New("there is no key in it")
	}
	if err != nil {
		return nil, Usage(from+" cannot be used: "+strings.ReplaceAll(err.Error(), "signer: ", ""), hint)
	}
	return &Secrets{Keys: keys, From: from, Derived: true}, nil
}

// Need is Load for commands that need keys.
func (f *SecretSources) Need(c *Console) (*Secrets, error) {
	s, err := f.Load(c)
	if err == nil && s == nil {
		err = Usage("there is no SECRET_KEY", "set "+EnvSecret+", or give --secret-file or --secret-stdin\na service without it uses derived keys: "+EnvKeys+" or --keys-file")
	}
	return s, err
}
