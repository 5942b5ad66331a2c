package djsettings

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const redacted = "[redacted]"

// Secret is a text that prints as [redacted] under every verb and in every encoding, inside
// of other structs too. The zero Secret is the empty text.
type Secret struct{ text *string }

// NewSecret returns the Secret of a text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether the text is empty.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// Format prints [redacted], or nothing for the empty text.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// String returns [redacted], or "" for the empty text.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// LogValue returns what String returns, for package slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns what String returns. Nothing can read the text back.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// showURL returns the URL of a server without user, password and parameters.
func showURL(u string) string {
	scheme, rest, ok := strings.Cut(u, "://")
	if !ok {
		rest = u
	}
	rest, _, _ = strings.Cut(rest, "?")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	if !ok {
		return rest
	}
	return scheme + "://" + rest
}
