package djsettings

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/internal/pyliteral"
	"github.com/go-djsession/go-djsession/signer"
)

// The marks around the JSON of a profile. What a site prints before and after them means
// nothing. The first one may stand behind a prompt.
const (
	profileBegin = "-----BEGIN DJSESSION PROFILE-----"
	profileEnd   = "-----END DJSESSION PROFILE-----"
	// profileVersion is the version of the format.
	profileVersion = 1
	profileKey     = "djsession-profile"
)

// isProfile reports whether a text is a profile, whole or not.
func isProfile(text string) bool {
	if strings.Contains(text, profileBegin) || strings.Contains(text, profileEnd) {
		return true
	}
	at := strings.Index(text, `"`+profileKey+`"`)
	return at >= 0 && strings.Contains(text[:at], "{")
}

// checkProfileMode refuses a file that others may read or write.
func checkProfileMode(fi fs.FileInfo) error {
	if runtime.GOOS == "windows" || !fi.Mode().IsRegular() || fi.Mode().Perm()&0o006 == 0 {
		return nil
	}
	return fmt.Errorf("%w: other users may read the file, which holds keys of the site: chmod 600", ErrProfile)
}

// profileBody returns what stands between the marks.
func profileBody(text string) (string, error) {
	_, rest, begun := strings.Cut(text, profileBegin)
	body, _, ended := strings.Cut(rest, profileEnd)
	switch {
	case !begun && strings.Contains(text, profileEnd):
		return "", fmt.Errorf("%w: its beginning is missing: there is no line %s", ErrProfile, profileBegin)
	case !begun:
		return "", fmt.Errorf("%w: its marks are missing: keep all that the probe printed, with the lines %s and %s", ErrProfile, profileBegin, profileEnd)
	case !ended:
		return "", fmt.Errorf("%w: it is cut short: there is no line %s, and the site's errors are on standard error", ErrProfile, profileEnd)
	case strings.Contains(body, profileBegin):
		return "", fmt.Errorf("%w: there are two beginnings: the first profile is cut short", ErrProfile)
	}
	return body, nil
}

// profileDocument is the JSON of a profile.
type profileDocument struct {
	Version   json.RawMessage             `json:"djsession-profile"`
	Made      string                      `json:"made"`
	Module    string                      `json:"module"`
	Versions  *ProfileVersions            `json:"versions"`
	Server    *ProfileServer              `json:"server"`
	Settings  map[string]Value            `json:"settings"`
	Keys      *profileKeys                `json:"keys"`
	Ancestry  map[string]*Ancestry        `json:"ancestry"`
	Databases map[string]*ProfileDatabase `json:"databases"`
	Caches    map[string]*ProfileCache    `json:"caches"`
	Session   *ProfileSession             `json:"session"`
	Users     *ProfileUsers               `json:"users"`
	AuthHash  *ProfileAuthHash            `json:"auth_hash"`
	Vectors   []Vector                    `json:"vectors"`
	Missing   []Missing                   `json:"missing"`
}

type profileKeys struct {
	Derived []struct {
		KeySalt   string   `json:"key_salt"`
		Algorithm string   `json:"algorithm"`
		Keys      []string `json:"keys"`
	} `json:"derived"`
	SecretKey *Value  `json:"SECRET_KEY"`
	Fallbacks []Value `json:"SECRET_KEY_FALLBACKS"`
}

// parseProfile reads a profile. env has the variables that it may name.
func parseProfile(text string, env func(string) (string, bool)) (*document, error) {
	body, err := profileBody(text)
	if err != nil {
		return nil, err
	}
	// No text in it has a line end: what a terminal added can go.
	body = strings.NewReplacer("\r", "", "\n", "").Replace(body)
	var head struct {
		Version *json.Number `json:"djsession-profile"`
	}
	if err := json.Unmarshal([]byte(body), &head); err != nil || head.Version == nil {
		return nil, fmt.Errorf("%w: what stands between its marks is damaged: run the probe again", ErrProfile)
	}
	if v := head.Version.String(); v != fmt.Sprint(profileVersion) {
		return nil, fmt.Errorf("%w: it has another version than %d, which this version of djsession reads: print the probe anew (djsession probe), and run it again", ErrProfile, profileVersion)
	}
	dec := json.NewDecoder(strings.NewReader(body))
	dec.DisallowUnknownFields()
	var in profileDocument
	if err := dec.Decode(&in); err != nil {
		return nil, profileFault(err)
	}
	return in.document(env)
}

// profileFault describes an error of package json without quoting the input.
func profileFault(err error) error {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, errVariable):
		return fmt.Errorf("%w: %w", ErrProfile, errVariable)
	case errors.As(err, &kind) && kind.Field != "":
		part, _, _ := strings.Cut(kind.Field, ".")
		return fmt.Errorf("%w: its part %q is not as the probe writes it: it was edited, or is of another version", ErrProfile, part)
	}
	return fmt.Errorf("%w: it is not as the probe writes it: it was edited, or is of another version", ErrProfile)
}

// document makes a document of a profile.
func (in *profileDocument) document(env func(string) (string, bool)) (*document, error) {
	why := func(part string) string {
		for _, m := range in.Missing {
			if m.Part == part || strings.HasPrefix(m.Part, part+".") {
				return printable(m.Why)
			}
		}
		return "no reason is given"
	}
	switch {
	case in.Settings == nil:
		return nil, fmt.Errorf("%w: it has no settings: %s", ErrProfile, why("settings"))
	case in.Versions == nil || in.Versions.Django == "":
		return nil, fmt.Errorf("%w: it has no version of Django: %s", ErrProfile, why("versions"))
	}
	made, err := time.Parse(time.RFC3339, in.Made)
	if err != nil {
		return nil, fmt.Errorf("%w: it has no date", ErrProfile)
	}
	p := &Profile{
		Made: made, Module: in.Module, Versions: *in.Versions, Server: in.Server, Ancestry: in.Ancestry, Databases: in.Databases, Caches: in.Caches,
		Session: in.Session, Users: in.Users, Vectors: in.Vectors, Missing: in.Missing,
	}
	if in.AuthHash != nil {
		p.AuthHash = *in.AuthHash
	} else {
		p.AuthHash.Unknown = why("auth_hash")
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	doc := &document{settings: map[string]setting{}, all: true, profile: p, python2: strings.HasPrefix(in.Versions.Python, "2.")}
	for name, v := range in.Settings {
		value, unset := resolve(v.Any(), env)
		if unset != "" {
			return nil, fmt.Errorf("%w: it names the variable %s, which is not set, or Options.Env is nil", ErrProfile, unset)
		}
		doc.settings[name] = setting{value: value}
	}
	for _, db := range p.Databases {
		for _, params := range []*Params{&db.Params, &db.Environment} {
			if params.dict == nil {
				continue
			}
			if _, unset := resolve(*params.dict.of, env); unset != "" {
				return nil, fmt.Errorf("%w: it names the variable %s, which is not set, or Options.Env is nil", ErrProfile, unset)
			}
		}
	}
	return doc, in.keys(doc, why)
}

// check refuses what the probe does not write.
func (p *Profile) check() error {
	edited := func(part string) error {
		return fmt.Errorf("%w: its part %q is not as the probe writes it: it was edited", ErrProfile, part)
	}
	for _, a := range p.Ancestry {
		if a == nil {
			return edited("ancestry")
		}
	}
	for _, db := range p.Databases {
		if db == nil {
			return edited("databases")
		}
	}
	for _, c := range p.Caches {
		if c == nil {
			return edited("caches")
		}
	}
	for _, v := range p.Vectors {
		if v.Kind == "" {
			return edited("vectors")
		}
	}
	h := p.AuthHash
	if !h.None && h.Unknown == "" && (h.Algorithm == "" || len(h.Message) == 0) {
		return edited("auth_hash")
	}
	if u := p.Users; u != nil {
		for _, f := range u.Fields {
			if f == nil || f.Column == "" || f.Table == "" {
				return edited("users")
			}
		}
		if u.Table == "" || u.PK.Column == "" || u.UsernameField == "" {
			return edited("users")
		}
		for _, name := range []string{"is_active", "is_staff", "is_superuser"} {
			f := u.Flags[name]
			if f == nil || f.Is != FlagConstant && f.Is != FlagCode && f.Is != FlagAbsent && f.Is != FlagUnknown && (f.Is != FlagColumn || f.Column == "") {
				return edited("users")
			}
		}
	}
	return nil
}

// keys takes the keys: SECRET_KEY if it is there, else what was derived from it.
func (in *profileDocument) keys(doc *document, why func(string) string) error {
	if in.Keys == nil {
		return fmt.Errorf("%w: it has no keys: %s", ErrProfile, why("keys"))
	}
	var all []signer.DerivedKey
	for _, d := range in.Keys.Derived {
		alg, err := signer.ParseAlgorithm(d.Algorithm)
		if err != nil {
			return fmt.Errorf("%w: a key has an algorithm that is not known", ErrProfile)
		}
		for _, text := range d.Keys {
			key, err := hex.DecodeString(text)
			if err != nil {
				return fmt.Errorf("%w: a key is not hexadecimal", ErrProfile)
			}
			derived, err := signer.NewDerivedKey(d.KeySalt, alg, key)
			if err != nil {
				return fmt.Errorf("%w: a key has the wrong length", ErrProfile)
			}
			all = append(all, derived)
		}
	}
	if in.Keys.SecretKey != nil {
		doc.settings["SECRET_KEY"] = setting{value: in.Keys.SecretKey.Any()}
		list := make([]any, 0, len(in.Keys.Fallbacks))
		for _, v := range in.Keys.Fallbacks {
			list = append(list, v.Any())
		}
		doc.settings["SECRET_KEY_FALLBACKS"] = setting{value: pyliteral.List(list)}
		return nil
	}
	var err error
	doc.keys, err = signer.DerivedKeys(all...)
	return err
}

// printable returns a short text for an error, without what a terminal would obey.
func printable(text string) string {
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, text)
	return text[:min(len(text), 300)]
}
