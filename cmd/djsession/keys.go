package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/signer"
)

// authKeySalt is the key_salt of AbstractBaseUser.get_session_auth_hash.
const authKeySalt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"

func (a *app) keysCommand() *cobra.Command {
	var (
		f        formatFlags
		messages bool
		cookies  []string
	)
	c := &cobra.Command{
		Use:     "keys",
		GroupID: groupMore,
		Short:   "Print the keys that are derived from SECRET_KEY for sessions",
		Long: `keys prints what Django makes of SECRET_KEY for session data and for the hash that ties
a login to the password. A service that has only these can read and write logins,
but cannot forge password reset links or anything else that the site signs.

They are secrets all the same: who has them, and can write the store of the
sessions, can log in as anyone.

Give them to a service as DJSESSION_KEYS or in a file for --keys-file; in Go they
are read by signer.ParseDerivedKeys.`,
		Example: `  djsession keys >session.keys
  djsession list --keys-file session.keys --dsn db.sqlite3`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := f.secrets.Need(&a.Console)
			if err != nil {
				return err
			}
			if s.Derived {
				return usage(s.From+" holds derived keys already", "keys are derived from SECRET_KEY: "+console.EnvSecret+", --secret-file or --secret-stdin")
			}
			v, err := f.version()
			if err != nil {
				return err
			}
			ps := purposes(f.salt, v)
			if messages {
				ps = append(ps, purpose{signer.CookieKeySalt(payload.MessagesSalt), signer.SHA256})
				if v != (djsession.DjangoVersion{}) && v.Before(4, 0) { // "hash$json"
					ps = append(ps, purpose{payload.MessagesSalt, signer.SHA1})
				}
			}
			for _, name := range cookies {
				ps = append(ps, purpose{signer.CookieKeySalt(signer.CookieSalt(name, "")), signer.SHA256},
					purpose{signer.CookieKeySalt(signer.LegacyCookieSalt(name, "")), signer.SHA256})
			}
			return a.printKeys(s.Keys, ps)
		},
	}
	f.add(a, c)
	c.Flags().BoolVar(&messages, "messages", false, "also the key of django.contrib.messages in cookies")
	c.Flags().StringArrayVar(&cookies, "cookie", nil, "also the keys of the signed cookie `NAME` (may be repeated)")
	_ = c.RegisterFlagCompletionFunc("cookie", cobra.NoFileCompletions)
	return c
}

// purpose is what a key is derived for.
type purpose struct {
	keySalt   string
	algorithm signer.Algorithm
}

// purposes are those of sessions with this salt, and of logins.
func purposes(salt string, v djsession.DjangoVersion) []purpose {
	ps := []purpose{{signer.KeySalt(salt), signer.SHA256}, {authKeySalt, signer.SHA256}}
	if (v == djsession.DjangoVersion{}) || !v.Before(4, 0) {
		return ps
	}
	// 3.1 and 3.2 read what SHA-1 signed; before there was nothing else, and
	// sessions had a format of their own.
	ps = append(ps, purpose{signer.KeySalt(salt), signer.SHA1}, purpose{authKeySalt, signer.SHA1})
	if class, ok := strings.CutPrefix(salt, payload.SaltPrefix); ok {
		class = class[strings.LastIndexByte(class, '.')+1:]
		ps = append(ps, purpose{strings.TrimSuffix(payload.SaltPrefix, ".") + class, signer.SHA1})
	}
	return ps
}

func (a *app) printKeys(keys signer.Keys, ps []purpose) error {
	var all []signer.DerivedKey
	for _, p := range ps {
		ds, err := keys.Derive(p.keySalt, p.algorithm)
		if err != nil {
			return err
		}
		all = append(all, ds...)
	}
	text, err := signer.ExportDerivedKeys(all...)
	if err != nil {
		return err
	}
	a.Warn("these keys are secrets: who has them, and can write the store of the sessions, can log in as anyone")
	a.Say("%s", []byte(strings.TrimSuffix(text, "\n")))
	return nil
}
