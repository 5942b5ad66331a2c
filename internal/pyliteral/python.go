package pyliteral

import "strconv"

// Text returns a str, a Path, a number, True or False as the text that Django would
// put into a connection string.
func Text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	case Path:
		return string(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case bool:
		if v {
			return "True", true
		}
		return "False", true
	}
	return "", false
}

// Truth is bool(v), as an if sees it. ok is false where only Python can tell.
func Truth(v any) (truth, ok bool) {
	switch v := v.(type) {
	case nil:
		return false, true
	case bool:
		return v, true
	case string:
		return v != "", true
	case int64:
		return v != 0, true
	case float64:
		return v != 0, true
	case List:
		return len(v) > 0, true
	case Tuple:
		return len(v) > 0, true
	case Dict:
		return len(v) > 0, true
	}
	return false, false
}

// Sequence returns the items of a list, a tuple or a set; None is empty.
func Sequence(v any) ([]any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case List:
		return v, true
	case Tuple:
		return v, true
	case Set:
		return v, true
	}
	return nil, false
}

// Kind is Python's name of a value's type, with its article.
func Kind(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case string:
		return "a str"
	case []byte:
		return "bytes"
	case bool:
		return "a bool"
	case float64:
		return "a float"
	case List:
		return "a list"
	case Tuple:
		return "a tuple"
	case Set:
		return "a set"
	case Dict:
		return "a dict"
	case Path:
		return "a Path"
	case Duration:
		return "a timedelta"
	}
	return "an int"
}
