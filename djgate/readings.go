package djgate

import (
	"errors"
	"strings"
)

// ErrTarget is the error for a request that programs read in too many ways.
var ErrTarget = errors.New("djgate: the request has no certain meaning")

// The longest path, in bytes, and the largest number of its readings.
const (
	maxPath     = 8 << 10
	maxReadings = 128
	maxDecoded  = 2
)

// readings returns all paths that a program may read in raw, the path as the client sent it.
// Programs differ in these steps and in their order:
//
//   - percent signs are decoded never, once or twice;
//   - a backslash is a slash or not;
//   - the part of a segment behind ";" is kept or cut;
//   - "?" and "#" that were decoded end the path or do not;
//   - "." and ".." are resolved or not;
//   - double slashes are one or not, or begin a host.
//
// A percent sign before a character that has no such meaning is decoded in all readings.
//
// Errors: [ErrTarget].
func readings(raw string) ([]string, error) {
	if !strings.HasPrefix(raw, "/") || len(raw) > maxPath {
		return nil, ErrTarget
	}
	first, ok := decodePlain(raw)
	if !ok {
		return nil, ErrTarget
	}
	if !strings.ContainsAny(first, `%\;?#`) && !strings.Contains(first, "//") && !strings.Contains(first, "/.") {
		return []string{first}, nil
	}
	type reading struct {
		path    string
		decoded int
	}
	seen := map[reading]bool{{first, 0}: true}
	queue := []reading{{first, 0}}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		next := []reading{
			{strings.ReplaceAll(at.path, `\`, "/"), at.decoded},
			{cutParams(at.path), at.decoded},
			{cutQuery(at.path), at.decoded},
			{resolve(at.path), at.decoded},
			{mergeSlashes(at.path), at.decoded},
			{cutHost(at.path), at.decoded},
		}
		if at.decoded < maxDecoded {
			path, ok := decodeAll(at.path)
			if !ok {
				return nil, ErrTarget
			}
			next = append(next, reading{path, at.decoded + 1})
		}
		for _, r := range next {
			if !seen[r] {
				seen[r] = true
				queue = append(queue, r)
			}
		}
		if len(seen) > maxReadings {
			return nil, ErrTarget
		}
	}
	paths := make(map[string]bool, len(seen))
	var all []string
	for r := range seen {
		if !paths[r.path] {
			paths[r.path] = true
			all = append(all, r.path)
		}
	}
	return all, nil
}

// special are the characters that mean something in a path, and the percent sign itself.
const special = `/\.;?#%`

// decodePlain decodes the percent signs of a path that stand before other characters than
// special ones. It refuses what is no percent-encoding, and characters that no path has.
func decodePlain(path string) (string, bool) { return decode(path, special, true) }

// decodeAll decodes all percent signs. One that encodes nothing stays.
func decodeAll(path string) (string, bool) { return decode(path, "", false) }

func decode(path, keep string, strict bool) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' {
			hi, lo := -1, -1
			if i+2 < len(path) {
				hi, lo = unhex(path[i+1]), unhex(path[i+2])
			}
			if hi >= 0 && lo >= 0 {
				c = byte(hi<<4 | lo)
				if strings.IndexByte(keep, c) >= 0 {
					b.WriteString("%" + strings.ToLower(path[i+1:i+3]))
				} else if !inPath(c) {
					return "", false
				} else {
					b.WriteByte(c)
				}
				i += 2
				continue
			}
			if strict {
				return "", false
			}
		}
		if !inPath(c) {
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// inPath reports whether a path may have c in it: no control character, and no byte that is
// in no UTF-8 and with which old programs spell a slash.
func inPath(c byte) bool { return c >= ' ' && c != 0x7f && c != 0xc0 && c != 0xc1 && c < 0xf5 }

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// cutParams removes the part of each segment behind ";".
func cutParams(path string) string {
	if !strings.Contains(path, ";") {
		return path
	}
	all := strings.Split(path, "/")
	for i, s := range all {
		all[i], _, _ = strings.Cut(s, ";")
	}
	return strings.Join(all, "/")
}

// cutQuery cuts what begins with "?" or "#".
func cutQuery(path string) string {
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		return path[:i]
	}
	return path
}

// resolve takes "." and ".." out of path. It leaves empty segments.
func resolve(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	all := strings.Split(path[1:], "/")
	kept := all[:0:len(all)]
	for i, s := range all {
		switch s {
		case "..":
			kept = kept[:max(0, len(kept)-1)]
			fallthrough
		case ".":
			if i == len(all)-1 {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, s)
		}
	}
	return "/" + strings.Join(kept, "/")
}

// cutHost removes what stands where a URL without a scheme has its host.
func cutHost(path string) string {
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		if _, path, ok := strings.Cut(rest, "/"); ok {
			return "/" + path
		}
		return "/"
	}
	return path
}

// mergeSlashes makes one slash of several.
func mergeSlashes(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}
