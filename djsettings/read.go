package djsettings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// DefaultMaxSize is the default of Options.MaxSize.
const DefaultMaxSize = 16 << 20

// Options of reading settings. nil and the zero value are for a site without
// peculiarities.
type Options struct {
	// Django is the version of the site, such as "4.2"; default what the settings
	// tell.
	Django string
	// Dir is the folder in which manage.py runs, from which relative paths count;
	// default the current one, with FromManage that of manage.py.
	Dir string
	// Env returns what is other where this process runs, by names such as
	// DJSESSION_DATABASE_HOST: see the package's documentation. Give os.LookupEnv.
	// Nil is nothing.
	Env func(name string) (string, bool)
	// Keys take the place of SECRET_KEY and SECRET_KEY_FALLBACKS, for a service
	// that has derived keys only.
	Keys signer.Keys
	// Engines tell, by the dotted path in SESSION_ENGINE, what a site's own engine
	// derives from.
	Engines map[string]CustomEngine
	// Backends tell, by the dotted path in BACKEND, which of Django's caches a
	// site's own one derives from.
	Backends map[string]string
	// KeyFunctions are the site's KEY_FUNCTIONs in Go, by their dotted paths.
	KeyFunctions map[string]KeyFunction
	// Serializers are the site's own SESSION_SERIALIZERs, by their dotted paths.
	Serializers map[string]serializer.Serializer
	// SessionDatabase is the alias of the database with the sessions, for sites with
	// DATABASE_ROUTERS; default "default".
	SessionDatabase string
	// MaxSize is the most bytes that are read; default DefaultMaxSize.
	MaxSize int
}

// CustomEngine is an engine of the site's own.
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

// KeyFunction is a KEY_FUNCTION of CACHES in Go: see djcache.Keys.
type KeyFunction struct {
	Key     func(name, prefix string, version int) string
	Reverse func(key string) (name string, ok bool)
}

// Read reads settings in one of these forms, which it tells apart: what manage.py
// diffsettings prints, with or without --all, also with --output unified, and a
// JSON object. opts may be nil.
//
// Errors: *LineError with ErrFormat or ErrSetting; ErrTooLarge.
func Read(in io.Reader, opts *Options) (*Settings, error) {
	opts = opts.orZero()
	text, err := readText(in, opts.MaxSize)
	if err != nil {
		return nil, err
	}
	doc, err := parseText(text)
	if err != nil {
		return nil, err
	}
	return newSettings(doc, opts)
}

// ReadFile is Read of a file, or of standard input for "-".
//
// Errors: those of Read, and of opening the file.
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
	if fi, err := f.Stat(); err == nil && fi.Size() > int64(opts.MaxSize) {
		return nil, tooLarge(opts.MaxSize)
	}
	return Read(f, opts)
}

// FromMap takes settings from a mapping, whose values are those of Go that come
// closest: strings, numbers, bools, nil, time.Duration, []byte, slices, and maps
// with string keys. opts may be nil.
//
// Errors: *LineError with ErrSetting.
func FromMap(settings map[string]any, opts *Options) (*Settings, error) {
	doc, err := mapDocument(settings)
	if err != nil {
		return nil, err
	}
	return newSettings(doc, opts.orZero())
}

// orZero is a copy with defaults.
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
	// A shell of Windows writes UTF-16, and its editors a byte order mark.
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

// newSettings makes typed Settings of a document.
func newSettings(doc *document, opts *Options) (*Settings, error) {
	set := &Settings{doc: doc, opts: opts, Dir: opts.Dir, Python2: doc.python2}
	r := &reader{doc: doc, opts: opts, set: set}
	if err := r.version(); err != nil {
		return nil, err
	}
	r.general()
	r.sessions()
	r.auth()
	r.csrf()
	r.messages()
	r.databases(set)
	r.caches(set)
	r.override()
	r.remarks()
	if len(r.errs) > 0 {
		return nil, errors.Join(r.errs...)
	}
	return set, nil
}
