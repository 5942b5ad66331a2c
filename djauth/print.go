package djauth

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Encoded is an encoded password, as in auth_user.password. It is a secret: it
// prints as [redacted] under every verb and in every encoding, and not at all in an
// unexported field of another struct. The zero Encoded is the empty text. Compare
// by Equal; == does not compile.
type Encoded struct {
	_    [0]func() // makes == an error of the compiler
	text *string   // a pointer: of it package fmt prints the address. Nil is the empty text
}

// EncodedOf returns the Encoded of a text.
func EncodedOf(text string) Encoded {
	if text == "" {
		return Encoded{}
	}
	return Encoded{text: &text}
}

// Reveal returns the text.
func (e Encoded) Reveal() string {
	if e.text == nil {
		return ""
	}
	return *e.text
}

// IsZero reports whether it is the empty text.
func (e Encoded) IsZero() bool { return e.text == nil }

// Equal reports whether both are the same text.
func (e Encoded) Equal(other Encoded) bool { return e.Reveal() == other.Reveal() }

// String gives [redacted].
func (Encoded) String() string { return redacted }

// Format prints [redacted].
func (Encoded) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText gives [redacted]. There is no way back.
func (Encoded) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue gives [redacted].
func (Encoded) LogValue() slog.Value { return slog.StringValue(redacted) }

// String tells the id, and no more: a password is in here, and whatever the further
// columns hold.
func (a Account) String() string { return "account " + a.ID }

// Format prints what String gives, whatever the verb.
func (a Account) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.String()) }

// MarshalText gives String. There is no way back.
func (a Account) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// String tells whom the Judgement is about, and nothing of the session and the request.
func (j Judgement) String() string {
	if j.Account == nil {
		return "judgement of nobody"
	}
	return "judgement of " + j.Account.String()
}

// Format prints what String gives, whatever the verb.
func (j Judgement) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, j.String()) }

// MarshalText gives String. There is no way back.
func (j Judgement) MarshalText() ([]byte, error) { return []byte(j.String()), nil }

// String says "verdict", since it may hold what goes into a session.
func (Verdict) String() string { return "verdict" }

// Format prints what String gives, whatever the verb.
func (v Verdict) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.String()) }

// MarshalText gives String. There is no way back.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// String tells who it is by the id, and nothing secret.
func (id *Identity) String() string {
	if id.account == nil {
		return "anonymous"
	}
	return id.account.String()
}

// Format prints what String gives, whatever the verb.
func (id *Identity) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, id.String()) }

// MarshalText gives String.
func (id *Identity) MarshalText() ([]byte, error) { return []byte(id.String()), nil }
