package djsettings

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
)

// Format prints what String returns, whatever the verb.
func (s Settings) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// String returns a summary in one line, without any secret.
func (s Settings) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Django %s, sessions in %s", s.Django, s.Sessions.Engine)
	for _, alias := range slices.Sorted(maps.Keys(s.Databases)) {
		fmt.Fprintf(&b, ", database %s: %v", alias, s.Databases[alias])
	}
	for _, alias := range slices.Sorted(maps.Keys(s.Caches)) {
		fmt.Fprintf(&b, ", cache %s: %v", alias, s.Caches[alias])
	}
	if len(s.Warnings) > 0 {
		fmt.Fprintf(&b, ", %d warnings", len(s.Warnings))
	}
	return b.String()
}

// LogValue returns what String returns, for package slog.
func (s Settings) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns what String returns: no encoding reveals the settings.
func (s Settings) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
