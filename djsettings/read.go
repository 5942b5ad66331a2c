package djsettings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// DefaultMaxSize is the default of [Options.MaxSize], in bytes.
const DefaultMaxSize = 16 << 20

// Options say how to read settings. The zero value is good for a site without classes and
// functions of its own.
type Options struct {
	// Django is the version of the site: "4.2", for example. The default is what the
	// settings say.
	Django string
	// Dir is the folder in which manage.py runs. Relative paths begin there. The default is
	// the current folder; for [FromManage] it is that of manage.py.
	Dir string
	// Env returns settings that differ where this process runs, by names like
	// DJSESSION_DATABASE_HOST: see the package documentation. Set it to [os.LookupEnv]. nil
	// means that nothing differs.
	Env func(name string) (string, bool)
	// Keys replace SECRET_KEY and SECRET_KEY_FALLBACKS, for a service that has derived keys
	// only.
	Keys signer.Keys
	// Engines say what the site's own engines derive from, by the dotted path in
	// SESSION_ENGINE.
	Engines map[string]CustomEngine
	// Backends say which of Django's caches the site's own caches derive from, by the
	// dotted path in BACKEND.
	Backends map[string]string
	// Databases say which of Django's ENGINEs the site's own derive from, by the dotted path
	// in ENGINE.
	Databases map[string]string
	// Middleware say which middleware of Django's the site's own do as, by the dotted path
	// in MIDDLEWARE. "" says that one does nothing to sessions, logins and cookies.
	Middleware map[string]string
	// UserModels say that the site's own AUTH_USER_MODEL does as "auth.User" does, by its
	// name such as "accounts.User": its code decides nothing else. Its default manager hides
	// nobody and finds names exactly; is_active, is_staff and is_superuser are fields; the
	// methods that Django asks, such as has_perm, are Django's own. djsite.Options may say
	// otherwise of one of these. Without a profile djsite.Open wants to be told.
	UserModels map[string]string
	// Server is the program in which the site's Django runs. No setting says it; the default
	// is what the profile says. ForwardedAllowIPs is FORWARDED_ALLOW_IPS of gunicorn and
	// uvicorn, or trusted_proxy of Waitress: addresses and networks with commas between them;
	// nil is what the profile says, or their default, 127.0.0.1 and ::1.
	Server            djsession.Server
	ForwardedAllowIPs *string
	// Schema is the schema with the sessions and users, for sites with django-tenants or
	// django-tenant-schemas: that of one tenant, or the public one.
	Schema string
	// KeyFunctions are the site's KEY_FUNCTIONs in Go, by their dotted paths.
	KeyFunctions map[string]KeyFunction
	// Serializers are the site's own SESSION_SERIALIZERs, by their dotted paths.
	Serializers map[string]serializer.Serializer
	// IgnoreOptions are names in OPTIONS to pass over, with a Warning: options that are
	// refused or not known, and on which nothing depends that this process reads or writes.
	IgnoreOptions []string
	// SessionDatabase is the alias of the database with the sessions, for sites with
	// DATABASE_ROUTERS; default "default".
	SessionDatabase string
	// MaxSize is the largest input, in bytes; default [DefaultMaxSize].
	MaxSize int

	dsn bool // the settings are those of a DSN
}

// CustomEngine describes an engine of the site's own.
type CustomEngine struct {
	// Base is the dotted path of the engine that it derives from. Required.
	Base string
	// StoreClass is the name of its class (__qualname__), which is part of the salt;
	// default SessionStore.
	StoreClass string
	// Table is the db_table of its model; default that of Base.
	Table string
	// CacheKeyPrefix is its cache_key_prefix; default that of Base.
	CacheKeyPrefix string
}

// KeyFunction is a KEY_FUNCTION of CACHES in Go: see Keys of package djcache.
type KeyFunction struct {
	Key     func(name, prefix string, version int) string
	Reverse func(key string) (name string, ok bool)
}

// Read reads settings. It detects the form: a site profile, which the probe prints (see
// [Profile]); the output of manage.py diffsettings, with or without --all, also with
// --output unified; or a JSON object. opts may be nil.
//
// Errors: [*LineError] with [ErrFormat] or [ErrSetting]; [ErrProfile]; [ErrTooLarge].
func Read(in io.Reader, opts *Options) (*Settings, error) {
	opts = opts.orZero()
	text, err := readText(in, opts.MaxSize)
	if err != nil {
		return nil, err
	}
	return readSettings(text, opts)
}

// readSettings reads settings in any form.
func readSettings(text string, opts *Options) (*Settings, error) {
	parse := parseText
	if isProfile(text) {
		parse = func(text string) (*document, error) { return parseProfile(text, opts.Env) }
	}
	doc, err := parse(text)
	if err != nil {
		return nil, err
	}
	return newSettings(doc, opts)
}

// ReadFile is [Read] for a file, or for standard input if name is "-". A profile holds
// keys: ReadFile refuses one in a file that other users may read or write.
//
// Errors: those of [Read], and of opening the file.
func ReadFile(name string, opts *Options) (*Settings, error) {
	if name == "-" {
		return Read(os.Stdin, opts)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	opts = opts.orZero()
	fi, err := f.Stat()
	if err == nil && fi.Size() > int64(opts.MaxSize) {
		return nil, tooLarge(opts.MaxSize)
	}
	text, err := readText(f, opts.MaxSize)
	if err != nil {
		return nil, err
	}
	if fi != nil && isProfile(text) {
		if err := checkProfileMode(fi); err != nil {
			return nil, err
		}
	}
	return readSettings(text, opts)
}

// FromMap takes settings from a map. Its values must be the closest in Go: strings,
// numbers, bools, nil, [time.Duration], []byte, slices, and maps with string keys. opts may
// be nil.
//
// Errors: [*LineError] with [ErrSetting].
func FromMap(settings map[string]any, opts *Options) (*Settings, error) {
	doc, err := mapDocument(settings)
	if err != nil {
		return nil, err
	}
	return newSettings(doc, opts.orZero())
}

// orZero returns a copy of o with defaults.
func (o *Options) orZero() *Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.MaxSize <= 0 {
		c.MaxSize = DefaultMaxSize
	}
	return &c
}

func tooLarge(max int) error {
	return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, max)
}

// readText reads at most max bytes.
func readText(in io.Reader, max int) (string, error) {
	b, err := io.ReadAll(io.LimitReader(in, int64(max)+1))
	if err != nil {
		return "", fmt.Errorf("read settings: %w", err)
	}
	if len(b) > max {
		return "", tooLarge(max)
	}
	// Shells on Windows write UTF-16, and editors there write a byte order mark.
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if len(b) >= 2 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff) {
		b = fromUTF16(b[2:], b[0] == 0xfe)
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return "", &LineError{1 + bytes.Count(b[:bytes.IndexByte(b, 0)], []byte("\n")), "", fmt.Errorf("%w: it is no text", ErrFormat)}
	}
	if !utf8.Valid(b) {
		line := 1
		for len(b) > 0 {
			c, size := utf8.DecodeRune(b)
			if c == utf8.RuneError && size == 1 {
				break
			}
			if c == '\n' {
				line++
			}
			b = b[size:]
		}
		return "", &LineError{line, "", fmt.Errorf("%w: it is not in UTF-8: print it with PYTHONIOENCODING=utf-8 in the environment", ErrFormat)}
	}
	return string(b), nil
}

func fromUTF16(b []byte, big bool) []byte {
	u := make([]uint16, len(b)/2)
	for i := range u {
		low, high := b[2*i], b[2*i+1]
		if big {
			low, high = high, low
		}
		u[i] = uint16(low) | uint16(high)<<8
	}
	return []byte(string(utf16.Decode(u)))
}

// newSettings makes Settings of a document.
func newSettings(doc *document, opts *Options) (*Settings, error) {
	set := &Settings{doc: doc, opts: opts, Dir: opts.Dir, Python2: doc.python2, Profile: doc.profile}
	r := &reader{doc: doc, opts: opts, set: set}
	if err := r.version(); err != nil {
		return nil, err
	}
	r.general()
	r.server()
	r.sessions()
	r.auth()
	r.csrf()
	r.messages()
	r.databases(set)
	r.caches(set)
	r.override()
	r.judgeOptions()
	r.remarks()
	if len(r.errs) > 0 {
		return nil, errors.Join(r.errs...)
	}
	return set, nil
}
