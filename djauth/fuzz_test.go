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

// FuzzIDKind: for text of printed ASCII, Parse takes for an integer what Python's grammar
// takes. What Parse returns it takes as it is.
func FuzzIDKind(f *testing.F) {
	const id = "0123abcd-4567-89ef-0123-456789abcdef"
	for _, text := range []string{
		"1", "-5", "+5", "00", "-0", " 7\n", "1_000", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "0x10", "1__0", "_1", "1_", "- 1", "+-1", "+_1", "1e3", "", " ", "-",
		"\u0661\u0662", "\u00a01", "\x1f1", id, strings.ToUpper(id), strings.ReplaceAll(id, "-", ""), "{" + id + "}", "urn:uuid:" + id, id[1:], "z" + id[1:], "uuid:urn:{" + id, "Ada Lovelace", "\xff",
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
		if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' }) {
			return
		}
		want := ""
		trimmed := strings.Trim(text, " ")
		if n, ok := new(big.Int).SetString(strings.ReplaceAll(trimmed, "_", ""), 10); ok && pythonInt.MatchString(trimmed) && n.IsInt64() {
			want = n.String()
		}
		if got, _ := djauth.IntegerID.Parse(text); got != want {
			t.Errorf("%q: got the integer %q, want %q", text, got, want)
		}
	})
}
