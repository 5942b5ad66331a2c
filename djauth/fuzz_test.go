package djauth_test

import (
	"math/big"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/internal/weburl"
	"github.com/go-djsession/go-djsession/serializer"
)

// FuzzRedirect: whatever next is, a browser that reads the Location header stays on the
// site, by RedirectTarget and, if it says yes, by SafeRedirect.
func FuzzRedirect(f *testing.F) {
	for i, next := range weburl.Targets(7, 200, "site.example") {
		f.Add(byte(i), next, i%2 == 0)
	}
	for i, next := range []string{
		"/a/b?c#d", " /a ", "//site.example/a", `/\evil.example`, `/.//\evil.example`, `./\evil.example`, "\u200b//evil.example", "./javascript:alert(1)", "/a#/../b//c",
		"http://site.example\\@evil.example/", "/\t/evil.example", "", "/" + strings.Repeat("a", 2100), "/100%?q=a b", "\xff//", "?/..//evil.example",
	} {
		f.Add(byte(i), next, false)
		f.Add(byte(i+1), next, true)
	}
	var w *world
	f.Fuzz(func(t *testing.T, at byte, next string, secure bool) {
		if w == nil {
			w = newWorld(t)
		}
		page := loginPages[int(at)%len(loginPages)]
		scheme, host := "http", "site.example"
		if secure {
			scheme = "https"
		}
		base := weburl.URL{Scheme: scheme, Host: host, Path: page.path}
		stays := func(how, location string) {
			u, err := base.Resolve(wire(location))
			if err != nil || u.Host != host || u.Scheme != scheme && u.Scheme != "https" {
				t.Errorf("%s: next=%q at %s without %q: Location: %q leads to %v (%v)", how, next, page.path, page.strip, location, u, err)
			}
		}
		visit(secure, page.path, page.strip, host, next, func(_ http.ResponseWriter, r *http.Request) {
			target := w.auth.RedirectTarget(r, "/fallback")
			rec := discard{}
			http.Redirect(rec, r, target, http.StatusSeeOther)
			stays("RedirectTarget", rec.Header().Get("Location"))
			if got := rec.Header().Get("Location"); got != target || len(target) > 9*2048 {
				t.Errorf("next=%q at %s: http.Redirect makes %q of %q", next, page.path, got, target)
			}
			if !djauth.SafeRedirect(next, host, secure) || strings.HasPrefix(r.URL.Path, "javascript:") {
				return // every relative target becomes a script there
			}
			stays("SafeRedirect, as it is", next)
			rec = discard{}
			http.Redirect(rec, r, next, http.StatusSeeOther)
			stays("SafeRedirect", rec.Header().Get("Location"))
		})
	})
}

var (
	pythonInt = regexp.MustCompile(`^[+-]?[0-9]+(_[0-9]+)*$`)
	canonical = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

// pythonZeros are the digits of value 0 that Python 3.13 knows (Unicode 15.1). The other nine
// of a script follow each.
var pythonZeros = []rune("0\u0660\u06f0\u07c0\u0966\u09e6\u0a66\u0ae6\u0b66\u0be6\u0c66\u0ce6\u0d66\u0de6\u0e50\u0ed0\u0f20\u1040\u1090\u17e0\u1810\u1946\u19d0\u1a80\u1a90\u1b50\u1bb0\u1c40\u1c50" +
	"\ua620\ua8d0\ua900\ua9d0\ua9f0\uaa50\uabf0\uff10\U000104a0\U00010d30\U00011066\U000110f0\U00011136\U000111d0\U000112f0\U00011450\U000114d0\U00011650\U000116c0\U00011730\U000118e0\U00011950\U00011c50\U00011d50\U00011da0\U00011f50" +
	"\U00016a60\U00016ac0\U00016b50\U0001d7ce\U0001d7d8\U0001d7e2\U0001d7ec\U0001d7f6\U0001e140\U0001e2f0\U0001e4f0\U0001e950\U0001fbf0")

// pythonSpaces are what int strips. It strips \x1c to \x1f only in str.strip.
const pythonSpaces = "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

// pythonInteger is str(int(text)) by Python's grammar, or "" if that raises or has more than
// 64 bits.
func pythonInteger(text string) string {
	ascii := strings.Map(func(c rune) rune {
		for _, zero := range pythonZeros {
			if zero <= c && c <= zero+9 {
				return '0' + c - zero
			}
		}
		return c
	}, strings.Trim(text, pythonSpaces))
	n, ok := new(big.Int).SetString(strings.ReplaceAll(ascii, "_", ""), 10)
	if !ok || !pythonInt.MatchString(ascii) || !n.IsInt64() || len(strings.Trim(ascii, "+-")) > 4300 {
		return ""
	}
	return n.String()
}

// FuzzIDKind: Parse takes for an integer what Python's grammar takes, in every script. What
// Parse returns it takes as it is.
func FuzzIDKind(f *testing.F) {
	const id = "0123abcd-4567-89ef-0123-456789abcdef"
	for _, text := range []string{
		"1", "-5", "+5", "00", "-0", " 7\n", "1_000", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "0x10", "1__0", "_1", "1_", "- 1", "+-1", "+_1", "1e3", "", " ", "-",
		"\u0661\u0662", "-\u06f5", "\u0967_\u0966", "\U0001d7d8\U0001d7e1", "\u1fff\uff11", "\uff0b1", "\u22121", "\u0661a", "\u3000\u0e51\u2028", "\x1f\u0661", "\u200b1", "\u00a01", "\x1f1", id, strings.ToUpper(id), strings.ReplaceAll(id, "-", ""), "{" + id + "}", "urn:uuid:" + id, id[1:], "z" + id[1:], "uuid:urn:{" + id, "Ada Lovelace", "\xff",
	} {
		f.Add(text, int64(len(text)), 1e18)
	}
	f.Fuzz(func(t *testing.T, text string, n int64, fl float64) {
		for _, kind := range []djauth.IDKind{djauth.IntegerID, djauth.UUIDID, djauth.TextID, 9} {
			for _, v := range []any{text, serializer.Str2(text), n, fl, n > 0, nil, []any{text}, serializer.Bytes(text), new(big.Int).Lsh(big.NewInt(n), 70)} {
				got, err := kind.Parse(v)
				if err != nil {
					if got != "" {
						t.Errorf("%v %#v: an error, and %q", kind, v, got)
					}
					continue
				}
				if again, err := kind.Parse(got); err != nil || again != got {
					t.Errorf("%v %#v: got %q, which is read as %q, %v", kind, v, got, again, err)
				}
				if kind == djauth.UUIDID && !canonical.MatchString(got) {
					t.Errorf("%v %#v: got %q", kind, v, got)
				}
			}
		}
		want := pythonInteger(text)
		if got, _ := djauth.IntegerID.Parse(text); got != want {
			t.Errorf("%q: got the integer %q, want %q", text, got, want)
		}
	})
}
