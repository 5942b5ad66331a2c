// Package payload reads, writes and describes what Django stores for a session: signed
// values in the formats since and before Django 3.1, JSON, pickles. It opens no store.
//
// It never runs code from a pickle. Its descriptions of a session hold none of the
// session's values.
package payload

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/serializer"
)

// The salts of sessions.
const (
	SaltPrefix   = "django.contrib.sessions."
	SessionSalt  = SaltPrefix + "SessionStore"
	CookieEngine = SaltPrefix + "backends.signed_cookies"
)

// MessagesSalt is django.contrib.messages.storage.cookie.CookieStorage.key_salt.
const MessagesSalt = "django.contrib.messages"

// KeyChars are the characters of Django's session keys.
const KeyChars = "abcdefghijklmnopqrstuvwxyz0123456789"

// ShownKey is how many characters of a session key are shown: enough to tell sessions
// apart, and too few to use one. The rest of a key that Django made has 124 bits.
const ShownKey = 8

// ShortKey returns the part of a key that may be shown.
func ShortKey(key string) string {
	s := key[:min(ShownKey, len(key)/2)]
	if strings.Trim(s, KeyChars) != "" {
		return strconv.QuoteToASCII(s) // Django did not make it
	}
	return s
}

// UserID returns the user id in a session.
func UserID(d *serializer.Dict) (string, bool) {
	v, _ := d.Get("_auth_user_id")
	if id, ok := serializer.Text(v); ok && id != "" {
		return id, true
	}
	if id, ok := v.(int64); ok {
		return strconv.FormatInt(id, 10), true
	}
	return "", false
}

// TypeName returns Python's name for the type of v.
func TypeName(v any) string {
	switch v := v.(type) { // may be too large for tagged.Append
	case serializer.RawJSON:
		return rawType(v)
	case serializer.Bytes, serializer.Str2:
		return "bytes"
	case serializer.ByteArray:
		return "bytearray"
	case string, serializer.SafeString:
		return "str"
	case *big.Int:
		return "int"
	case serializer.Decimal:
		return "decimal"
	case []any:
		return "list"
	case serializer.Tuple:
		return "tuple"
	case serializer.Set:
		return "set"
	case serializer.FrozenSet:
		return "frozenset"
	case *serializer.Dict:
		return "dict"
	}
	text, err := tagged.Append(nil, v)
	var tag struct {
		Type  string          `json:"type"`
		Value json.RawMessage `json:"value"`
	}
	if err != nil || json.Unmarshal(text, &tag) != nil {
		return "object"
	}
	switch tag.Type {
	case "none":
		return "None"
	case "wtf8":
		return "str"
	case "opaque":
		var class string
		if json.Unmarshal(tag.Value, &class) == nil {
			return Printable(class)
		}
	}
	return tag.Type
}

// rawType is TypeName by the first bytes.
func rawType(raw serializer.RawJSON) string {
	text := strings.TrimLeft(string(raw[:min(len(raw), 100)]), " \t\r\n")
	switch {
	case text == "":
		return "object"
	case text[0] == '{':
		return "dict"
	case text[0] == '[':
		return "list"
	case text[0] == '"':
		return "str"
	case text[0] == 'n':
		return "None"
	case text[0] == 't', text[0] == 'f':
		return "bool"
	case strings.ContainsAny(text, ".eENI"):
		return "float"
	}
	return "int"
}

// Printable returns s, or s quoted and escaped if a terminal could read any of it as
// something else.
func Printable(s string) string {
	quoted := strconv.QuoteToASCII(s)
	if s != "" && quoted == `"`+s+`"` && !strings.Contains(s, " ") {
		return s
	}
	return quoted
}
