package console

import (
	"net/url"
	"regexp"
	"strings"
)

// HasPassword reports whether a DSN holds a password, in one of the forms that
// djsettings.FromDSN reads or in text that looks like one of them. A misspelt DSN may hold
// a password too: in doubt the answer is true.
func HasPassword(dsn string) bool {
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
			return false // a path may have any characters
		}
	}
	if _, after, is := strings.Cut(dsn, "://"); is { // people forget to escape a ? or a / in a password
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

// isPasswordName reports whether a parameter of this name holds a password. The name of a
// password file, and the way in which passwords may be sent, do not count.
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
