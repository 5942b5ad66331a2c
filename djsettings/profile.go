package djsettings

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Profile is what a site's own Django says about its code: see docs/profile.md. The
// command "djsession probe" asks for it. [Read] and [FromManage] set [Settings.Profile].
//
// A profile is as secret as SECRET_KEY. It prints without secrets under every verb.
type Profile struct {
	// Made is when the probe ran, in UTC.
	Made time.Time
	// Module is the settings module: "shop.settings".
	Module string
	// Versions are those of Django, Python and packages.
	Versions ProfileVersions
	// Server is what the environment says to gunicorn and uvicorn; nil if it is missing.
	Server *ProfileServer
	// Ancestry has an entry for each class that the settings name, by its dotted path in
	// the settings (ENGINE, BACKEND, SESSION_ENGINE, middleware, ...), and for the classes
	// behind them (clients of caches, the models, their managers), by their own paths.
	Ancestry map[string]*Ancestry
	// Databases and Caches are by alias.
	Databases map[string]*ProfileDatabase
	Caches    map[string]*ProfileCache
	// Session and Users are nil if the probe could not ask for them: see Missing.
	Session *ProfileSession
	Users   *ProfileUsers
	// AuthHash says how get_session_auth_hash makes its hash.
	AuthHash ProfileAuthHash
	// Vectors are examples that the site's own code made.
	Vectors []Vector
	// Missing lists the answers that failed.
	Missing []Missing
}

// ProfileVersions are versions of the site's software.
type ProfileVersions struct {
	// Django and Python are versions such as "5.2.19". Implementation is "CPython",
	// System is "linux".
	Django, Python, Implementation, System string
	// Packages are versions by the name of the package on PyPI. Apps are versions of what
	// the settings name, by module.
	Packages, Apps map[string]string
}

// ProfileServer is what the server in which Django runs finds where the probe ran. Only a
// probe that runs inside of it sees which one it is.
type ProfileServer struct {
	// Name is the server in which the probe ran, "" if it ran elsewhere.
	Name string
	// Config is how that server is configured: see docs/profile.md.
	Config Params
	// Environment holds variables such as FORWARDED_ALLOW_IPS, if they are set.
	Environment map[string]string
	// GunicornConf reports whether there is a gunicorn.conf.py.
	GunicornConf bool `json:"gunicorn_conf"`
}

// Ancestry says from what a class of the site derives.
type Ancestry struct {
	// Kind is the use of the class: "database", "operations", "cache", "client",
	// "key_function", "store", "serializer", "session_model", "session_manager",
	// "backend", "hasher", "messages", "middleware", "user", "manager" or "queryset".
	Kind string
	// Class is its own dotted path. It differs from the name in the settings if that is an
	// alias.
	Class string
	// Names are the dotted paths of the class and its ancestors (__mro__), without object.
	Names []string
	// Methods says which class defines a method that matters, by its name.
	Methods map[string]string
	// Vouches is false for a backend whose authenticate vouches for no name and password: it
	// takes other arguments, or does nothing. Else it is nil.
	Vouches *bool
	// Own are the names that classes before the first one of Django define.
	Own []string
	// Function is set for a function in the place of a class. OldStyle is set for a class
	// of Python 2 without ancestors.
	Function bool
	OldStyle bool `json:"old_style"`
}

// Is reports whether the class is the named one or derives from it.
func (a *Ancestry) Is(name string) bool {
	if a != nil {
		for _, n := range a.Names {
			if n == name {
				return true
			}
		}
	}
	return false
}

// ProfileDatabase is a database as its driver gets it.
type ProfileDatabase struct {
	// Engine is ENGINE, Vendor is connection.vendor ("postgresql", "mysql", "sqlite"), and
	// Class is the class of the connection.
	Engine, Vendor, Class string
	// Driver is the Python package and the C library behind it; nil if it is missing.
	Driver *ProfileDriver
	// Params are those of get_connection_params. They may hold a password.
	Params Params
	// Environment is what the driver adds by itself: see docs/profile.md. It may hold a
	// password.
	Environment Params
	// Sets is what Django sets on the connection: autocommit, isolation_level and so on.
	Sets Params
}

// ProfileDriver is the driver of a database.
type ProfileDriver struct {
	// Module is its name in Python ("psycopg", "MySQLdb").
	Module, Version string
	// Library is the C library: "libpq", "libmysqlclient", "libmariadb", "sqlite3", or "".
	Library        string
	LibraryVersion string `json:"library_version"`
	// Implementation is that of psycopg 3: "c", "binary" or "python".
	Implementation string
}

// ProfileCache is a cache as Django opens it.
type ProfileCache struct {
	// Class is the class of the cache, Names are its ancestors.
	Class string
	Names []string
	// KeyPrefix, Version and Timeout are attributes of the cache. They are usually a text,
	// an int, and a number of seconds or None.
	KeyPrefix Value `json:"key_prefix"`
	Version   Value
	Timeout   Value
	// KeyFunction is the dotted path of its key_func.
	KeyFunction string `json:"key_function"`
	// Table and Database are those of a DatabaseCache.
	Table    string
	Database *ProfileRoute
	// Dir is the folder of a FileBasedCache.
	Dir Value
}

// ProfileRoute is what the routers answer for a model: aliases of DATABASES.
type ProfileRoute struct{ Read, Write string }

// ProfileSession is how the site keeps sessions.
type ProfileSession struct {
	// Engine is SESSION_ENGINE. Class is the dotted path of its SessionStore, Name the
	// __qualname__, and Names are its ancestors.
	Engine, Class, Name string
	Names               []string
	// KeySalt is the salt of the signatures, "" before Django 3.1.
	KeySalt string `json:"key_salt"`
	// CacheKeyPrefix is cache_key_prefix, "" if the engine has none.
	CacheKeyPrefix string `json:"cache_key_prefix"`
	// Model is the dotted path of the model, and Table is its table, "" without one.
	Model, Table string
	// Columns are its columns by the names of the fields.
	Columns map[string]ProfileColumn
	// Database is the database of the table.
	Database *ProfileRoute
	// Dir and FilePrefix are those of the engine of files.
	Dir        Value
	FilePrefix string `json:"file_prefix"`
	// Cookies are those that the middleware sets.
	Cookies []ProfileCookie
	// URLs are LOGIN_URL, LOGIN_REDIRECT_URL and LOGOUT_REDIRECT_URL as URLs.
	URLs map[string]string
}

// ProfileColumn is a column of a table.
type ProfileColumn struct {
	Column string
	// Kind is get_internal_type(): "CharField".
	Kind string
}

// ProfileCookie is a cookie that the site's own middleware set.
type ProfileCookie struct {
	// By is the middleware. Kind is "session" or "csrf". Scheme is that of the request:
	// "http" or "https". At is what else was tried: another page, host and browser.
	By, Kind, Scheme, At string
	Name                 string
	// Reads are the names of the cookies that it asked for, none of which was there.
	Reads []string
	// Attributes are "path", "secure", "samesite" and so on.
	Attributes Params
}

// ProfileAuthHash says how a site makes the hash that ties a session to a user.
type ProfileAuthHash struct {
	// By is the class that defines get_session_auth_hash.
	By string
	// None is set if the model has no such method: Django writes no hash then.
	None bool
	// Unknown says why the rest is not known. It is "" if it is known.
	Unknown string
	// Salt and Algorithm are those of salted_hmac.
	Salt      string
	Algorithm string
	// Message is what is hashed: fields of the user and texts, in this order.
	Message []ProfileHashPart
	// Length is the length of a hash that is not known.
	Length int
}

// ProfileHashPart is a part of the message of an auth hash.
type ProfileHashPart struct {
	// Field is the attribute of a field, "" for a fixed text.
	Field string
	// Text is the fixed text.
	Text string
	// As is the Python type of a field that is no text: it goes in as its str().
	As string
}

// Vector is an example that the site's own code made.
type Vector struct {
	// Kind is the rule that it shows: see docs/profile.md.
	Kind string
	// Input are the arguments.
	Input Params
	// Output is the result, as text.
	Output Secret
}

// Missing is an answer that failed.
type Missing struct {
	// Part is the path of the answer: "users.queries.by_name".
	Part string
	// Why is the class of the exception and where it came from. It quotes no value.
	Why string
}

// String returns the part and why it is missing.
func (m Missing) String() string { return m.Part + ": " + m.Why }

// Format prints what String returns, whatever the verb.
func (p *Profile) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// String returns when the profile was made and for which Django, and how many answers are
// missing.
func (p *Profile) String() string {
	if p == nil {
		return "no profile"
	}
	s := fmt.Sprintf("profile of %s with Django %s, made %s", p.Module, p.Versions.Django, p.Made.Format(time.RFC3339))
	if n := len(p.Missing); n > 0 {
		s += fmt.Sprintf(", %d answers missing", n)
	}
	return s
}

// LogValue returns what String returns, for package slog.
func (p *Profile) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText returns what String returns.
func (p *Profile) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
