package pickle

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/serializer"
)

// line executes an opcode whose argument is a line of text, as most opcodes of protocol
// 0. It returns the offset behind the line.
func (m *machine) line(op byte, pos int) (int, *serializer.DecodeError) {
	if arg := forms[op].arg; arg != oneLine && arg != twoLines {
		return 0, badOpcode(m.at, arg)
	}
	end := pos + strings.IndexByte(m.text[pos:], '\n')
	if end < pos {
		return 0, m.cut()
	}
	arg := m.text[pos:end]
	var err *serializer.DecodeError
	switch op {
	case opInt:
		switch arg {
		case "00":
			m.push(refFalse)
		case "01":
			m.push(refTrue)
		default:
			err = m.pushDigits(pos, arg)
		}
	case opLong:
		err = m.pushDigits(pos, strings.TrimSuffix(arg, "L"))
	case opFloat:
		err = m.pushFloatText(arg)
	case opString:
		err = m.pushQuoted(arg)
	case opUnicode:
		err = m.pushRawUnicode(arg)
	case opGet:
		if i, ok := memoNumber(op, arg); ok {
			err = m.get(i)
		} else {
			err = syntaxAt(m.at, "no number of a memo")
		}
	case opPut:
		if i, ok := memoNumber(op, arg); ok {
			err = m.put(i)
		} else {
			err = syntaxAt(m.at, "no number of a memo")
		}
	case opGlobal, opInst:
		from := pos
		pos = end + 1
		end = pos + strings.IndexByte(m.text[pos:], '\n')
		if end < pos {
			return 0, m.cut()
		}
		name := m.text[pos:end]
		if !utf8.ValidString(arg) || !utf8.ValidString(name) {
			return 0, syntaxAt(m.at, "a name that is not UTF-8")
		}
		class := m.add(node{kind: kindGlobal, a: uint32(from), b: uint32(len(arg)), c: uint32(len(name))})
		if op == opGlobal {
			m.push(class)
			break
		}
		if len(m.marks) == 0 {
			return 0, syntaxAt(m.at, "there is no mark")
		}
		from = m.unmark()
		err = m.made(from, object{how: opObj, class: class, args: m.newTuple(m.stack[from:])})
	}
	return end + 1, err
}

// pushDigits pushes an int of decimal digits, which begin at offset from.
func (m *machine) pushDigits(from int, text string) *serializer.DecodeError {
	digits := strings.TrimPrefix(text, "-")
	if len(digits) > m.lim.Digits {
		return limitAt(m.at, "too many digits")
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" || len(digits) > 1 && digits[0] == '0' {
		return syntaxAt(m.at, "no decimal int")
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		m.pushInt(v)
		return nil
	}
	m.push(m.add(node{kind: kindBigText, a: uint32(from), b: uint32(len(text)), c: uint32(m.at)}))
	return nil
}

// pushFloatText pushes a float that repr wrote.
func (m *machine) pushFloatText(text string) *serializer.DecodeError {
	if len(text) > m.lim.Digits {
		return limitAt(m.at, "too many digits")
	}
	var f float64
	switch text {
	case "nan", "-nan":
		f = math.Float64frombits(nanBits)
	case "inf":
		f = math.Inf(1)
	case "-inf":
		f = math.Inf(-1)
	default:
		if text == "" || strings.Trim(text, "0123456789+-.eE") != "" {
			return syntaxAt(m.at, "no float")
		}
		var err error
		if f, err = strconv.ParseFloat(text, 64); err != nil && !math.IsInf(f, 0) {
			return syntaxAt(m.at, "no float")
		}
	}
	n := node{kind: kindFloat}
	n.setFloat(f)
	m.push(m.add(n))
	return nil
}

// pushUnescaped pushes a text that the input holds in another form.
func (m *machine) pushUnescaped(k kind, text string) {
	m.push(m.add(node{kind: k, flags: flagUnescaped, a: uint32(len(m.unescaped))}))
	m.unescaped = append(m.unescaped, text)
}

// pushQuoted pushes a str of Python 2, which is written as repr(str).
func (m *machine) pushQuoted(text string) *serializer.DecodeError {
	if len(text) < 2 || text[0] != '\'' && text[0] != '"' || text[len(text)-1] != text[0] {
		return syntaxAt(m.at, "a string without its quotes")
	}
	text, ok := unescapeBytes(text[1 : len(text)-1])
	if !ok {
		return syntaxAt(m.at, "an escape that does not exist")
	}
	m.pushUnescaped(kindStr2, text)
	return nil
}

// unescapeBytes is codecs.escape_decode.
func unescapeBytes(s string) (string, bool) {
	if !strings.Contains(s, `\`) {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		if i++; i == len(s) {
			return "", false
		}
		switch c := s[i]; c {
		case '\\', '\'', '"':
			b = append(b, c)
		case 'a', 'b', 'f', 'n', 'r', 't', 'v':
			b = append(b, "\a\b\f\n\r\t\v"[strings.IndexByte("abfnrtv", c)])
		case 'x':
			if i+2 >= len(s) {
				return "", false
			}
			v, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", false
			}
			b = append(b, byte(v))
			i += 2
		case '0', '1', '2', '3', '4', '5', '6', '7':
			v := 0
			n := 0
			for ; n < 3 && i+n < len(s) && s[i+n]-'0' < 8; n++ {
				v = v*8 + int(s[i+n]-'0')
			}
			b = append(b, byte(v))
			i += n - 1
		default:
			b = append(b, '\\', c)
		}
	}
	return string(b), true
}

// pushRawUnicode pushes text in Python's encoding raw-unicode-escape: latin-1, and for
// all other characters \u with four hexadecimal digits or \U with eight.
func (m *machine) pushRawUnicode(s string) *serializer.DecodeError {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		c := s[i]
		i++
		if c != '\\' || i == len(s) {
			b = utf8.AppendRune(b, rune(c))
			continue
		}
		digits := map[byte]int{'u': 4, 'U': 8}[s[i]]
		if digits == 0 {
			// Neither this character nor the next begins an escape.
			b = utf8.AppendRune(append(b, '\\'), rune(s[i]))
			i++
			continue
		}
		i++
		if i+digits > len(s) {
			return syntaxAt(m.at, "an escape that is cut short")
		}
		v, err := strconv.ParseUint(s[i:i+digits], 16, 32)
		if err != nil || v > utf8.MaxRune {
			return syntaxAt(m.at, "an escape that does not exist")
		}
		b = appendRune(b, rune(v))
		i += digits
	}
	m.pushUnescaped(kindStr, string(b))
	return nil
}

// appendRune is utf8.AppendRune, but keeps surrogates, in their three-byte form.
func appendRune(b []byte, r rune) []byte {
	if r >= 0xD800 && r < 0xE000 {
		return append(b, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
	}
	return utf8.AppendRune(b, r)
}

// validText reports whether s is UTF-8, in which surrogates may stand alone.
func validText(s string) bool {
	i := 0
	for ; len(s)-i >= 8; i += 8 {
		if le64(s[i:])&0x8080808080808080 != 0 {
			return utf8.ValidString(s) || validSurrogates(s)
		}
	}
	for ; i < len(s); i++ {
		if s[i] >= 0x80 {
			return utf8.ValidString(s) || validSurrogates(s)
		}
	}
	return true
}

func validSurrogates(s string) bool {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			if len(s)-i < 3 || s[i] != 0xED || s[i+1]&0xE0 != 0xA0 || s[i+2]&0xC0 != 0x80 {
				return false
			}
			size = 3
		}
		i += size
	}
	return true
}
