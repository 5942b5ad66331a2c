package djauth

import (
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/go-djsession/go-djsession/serializer"
)

// IDKind is the kind of primary key that a user model has.
type IDKind uint8

const (
	IntegerID IDKind = iota // AutoField, BigAutoField and their like
	UUIDID                  // UUIDField
	TextID                  // CharField and its like
)

// String is integer, uuid or text.
func (k IDKind) String() string {
	switch k {
	case IntegerID:
		return "integer"
	case UUIDID:
		return "uuid"
	case TextID:
		return "text"
	}
	return "IDKind(" + strconv.Itoa(int(k)) + ")"
}

var errID = errors.New("djauth: not a primary key of the user model")

// Parse is pk.to_python and then pk.value_to_string: the id of an [Account] for
// what a session holds in _auth_user_id. That is text in all sessions that Django
// wrote, but to_python takes what Python's int and UUID take.
//
// Unlike Django, which answers what does not parse by a server error, Parse
// returns an error, and the visitor is anonymous.
func (k IDKind) Parse(v any) (string, error) {
	if text, ok := serializer.Text(v); ok {
		v = text
	}
	switch k {
	case IntegerID:
		return integerID(v)
	case UUIDID:
		return uuidID(v)
	case TextID:
		if s, ok := v.(string); ok {
			return s, nil
		}
	}
	return "", errID
}

// integerID is str(int(v)) for what fits into 64 bits, as the columns of all
// databases do.
func integerID(v any) (string, error) {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10), nil
	case bool:
		if v {
			return "1", nil
		}
		return "0", nil
	case float64:
		if t := math.Trunc(v); t >= -1<<63 && t < 1<<63 {
			return strconv.FormatInt(int64(t), 10), nil
		}
	case *big.Int:
		return "", errID
	case string:
		// int() takes white space around, a sign, and single underscores between digits.
		text := strings.TrimSpace(v)
		digits := strings.TrimLeft(text, "+-")
		if len(text)-len(digits) > 1 || strings.HasPrefix(digits, "_") || strings.HasSuffix(digits, "_") || strings.Contains(digits, "__") {
			return "", errID
		}
		n, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64)
		if err != nil {
			return "", errID
		}
		return strconv.FormatInt(n, 10), nil
	}
	return "", errID
}

// uuidID is str(uuid.UUID(v)): hexadecimal digits, of which dashes, braces and the
// prefixes urn: and uuid: are taken away.
func uuidID(v any) (string, error) {
	var raw []byte
	switch v := v.(type) {
	case serializer.UUID:
		raw = v[:]
	case string:
		text := strings.ReplaceAll(strings.ReplaceAll(v, "urn:", ""), "uuid:", "")
		text = strings.ReplaceAll(strings.Trim(text, "{}"), "-", "")
		b, err := hex.DecodeString(text)
		if err != nil || len(b) != 16 {
			return "", errID
		}
		raw = b
	default:
		return "", errID
	}
	h := hex.EncodeToString(raw)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
}
