package djauth

import (
	"encoding/hex"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

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
// wrote, but to_python takes what int, uuid.UUID and str of Python 3 take:
// digits of every script, underscores, signs and spaces; a UUID as an int.
//
// Unlike Django, which answers what does not parse by a server error, Parse
// returns an error, and the visitor is anonymous. It also returns one for an int of more
// than 64 bits, which no column holds, and for values that are no text, number or UUID.
func (k IDKind) Parse(v any) (string, error) {
	if text, ok := serializer.Text(v); ok {
		v = text
	}
	id, ok := "", false
	switch k {
	case IntegerID:
		id, ok = integerID(v)
	case UUIDID:
		id, ok = uuidID(v)
	case TextID:
		id, ok = textID(v)
	}
	if !ok {
		return "", errID
	}
	return id, nil
}

// integerID is str(int(v)) for what fits into 64 bits, as the columns of all
// databases do.
func integerID(v any) (string, bool) {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10), true
	case bool:
		return strconv.Itoa(number(v)), true
	case float64:
		if t := math.Trunc(v); t >= -1<<63 && t < 1<<63 {
			return strconv.FormatInt(int64(t), 10), true
		}
	case string:
		if isPlain(v) {
			return v, true
		}
		if n, ok := parseInt(v, 10); ok && n.IsInt64() {
			return n.String(), true
		}
	case serializer.Bytes:
		// int(bytes) knows ASCII only.
		if serializer.Str2(v).IsASCII() {
			return integerID(string(v))
		}
	case serializer.ByteArray:
		return integerID(serializer.Bytes(v))
	}
	return "", false
}

// isPlain reports whether text is what str(int(text)) is, as all ids are that Django wrote.
// It knows those of up to 18 digits.
func isPlain(text string) bool {
	if text == "" || len(text) > 18 || text[0] == '0' && text != "0" {
		return false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// uuidID is str(uuid.UUID(v)), or str(uuid.UUID(int=v)) for an int.
func uuidID(v any) (string, bool) {
	n := new(big.Int)
	switch v := v.(type) {
	case serializer.UUID:
		n.SetBytes(v[:])
	case int64:
		n.SetInt64(v)
	case bool:
		n.SetInt64(int64(number(v)))
	case *big.Int:
		n = v
	case string:
		// Without prefixes, braces and dashes there must be 32 characters. They are what
		// int(v, 16) takes.
		text := strings.ReplaceAll(strings.ReplaceAll(v, "urn:", ""), "uuid:", "")
		text = strings.ReplaceAll(strings.Trim(text, "{}"), "-", "")
		ok := utf8.RuneCountInString(text) == 32
		if ok {
			n, ok = parseInt(text, 16)
		}
		if !ok {
			return "", false
		}
	default:
		return "", false
	}
	if n.Sign() < 0 || n.BitLen() > 128 {
		return "", false
	}
	h := hex.EncodeToString(n.FillBytes(make([]byte, 16)))
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], true
}

// textID is str(v).
func textID(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case int64:
		return strconv.FormatInt(v, 10), true
	case bool:
		if v {
			return "True", true
		}
		return "False", true
	case *big.Int:
		if v.BitLen() < 4*maxDigits {
			text := v.String()
			return text, len(strings.TrimPrefix(text, "-")) <= maxDigits
		}
	case serializer.UUID:
		return uuidID(v)
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(v, 'g', -1, 64)), "+"), true
		}
		text, err := serializer.JSON{}.Freeze(v)
		raw, _ := text.(serializer.RawJSON)
		return string(raw), err == nil
	}
	return "", false
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// maxDigits is sys.get_int_max_str_digits(), which counts leading zeros too.
const maxDigits = 4300

// parseInt is int(text, base) for the bases 10 and 16: white space around, a sign, for
// base 16 the prefix 0x, and digits with single underscores between them. The digits are
// those of every script; the letters of base 16 are ASCII.
func parseInt(text string, base int) (*big.Int, bool) {
	text = strings.TrimFunc(text, unicode.IsSpace)
	negative := strings.HasPrefix(text, "-")
	if negative || strings.HasPrefix(text, "+") {
		text = text[1:]
	}
	var digits []byte
	zero, gap := false, true // gap: an underscore may not follow
	for i, c := range text {
		b, ok := digit(c)
		switch {
		case c == '_' && !gap:
			zero, gap = false, true
			continue
		case base == 16 && (c == 'x' || c == 'X') && zero && len(digits) == 1:
			// One underscore may follow.
			digits, zero, gap = digits[:0], false, false
			continue
		case !ok || b > '9' && base < 16 || len(digits) == maxDigits:
			return nil, false
		}
		zero = i == 0 && b == '0'
		digits, gap = append(digits, b), false
	}
	if gap || len(digits) == 0 {
		return nil, false
	}
	n, ok := new(big.Int).SetString(string(digits), base)
	if ok && negative {
		n.Neg(n)
	}
	return n, ok
}

// digit returns the ASCII digit for c: a decimal digit of any script, or a letter of base
// 16.
func digit(c rune) (byte, bool) {
	switch {
	case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		return byte(c), true
	case c < utf8.RuneSelf:
		return 0, false
	}
	// The digits of a script stand together, from 0 to 9. Where scripts adjoin, a range has
	// several tens.
	for _, r := range unicode.Nd.R16 {
		if c <= rune(r.Hi) {
			return '0' + byte((c-rune(r.Lo))%10), c >= rune(r.Lo)
		}
	}
	for _, r := range unicode.Nd.R32 {
		if c <= rune(r.Hi) {
			return '0' + byte((c-rune(r.Lo))%10), c >= rune(r.Lo)
		}
	}
	return 0, false
}
