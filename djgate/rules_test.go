package djgate_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djgate"
	"github.com/go-djsession/go-djsession/djsession"
)

var forced = djsession.Force

// TestBadRules: a file that says something wrong is refused, with the line.
func TestBadRules(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "there is no rule",
		"# nothing":                           "there is no rule",
		"/x":                                  `no "->"`,
		"x -> login":                          "no path",
		"-> login":                            "the methods and the page",
		"GET POST /x -> login":                "the methods and the page",
		"get /x -> login":                     "upper case",
		"GET,,POST /x -> login":               "upper case",
		"/x ->":                               "nothing stands behind",
		"/x -> everybody":                     "behind the arrow stands",
		"/x -> login,":                        "commas stand between",
		"/x -> login staff":                   "commas stand between",
		"/x -> public, login":                 "public stands alone",
		"/x -> deny, login":                   "deny stands alone",
		"/x -> group":                         "group needs a name",
		"/x -> group , login":                 "group needs a name",
		`/x -> group ""`:                      "group needs a name",
		`/x -> group "a`:                      "not closed",
		`/x -> "login"`:                       "behind the arrow stands",
		"/x -> perm change_page":              "app_label.codename",
		"/x%20y -> login":                     "as it reads",
		"/x?y -> login":                       "as it reads",
		"/x;y -> login":                       "as it reads",
		`/x\y -> login`:                       "as it reads",
		"/x$y -> login":                       "as it reads",
		"/a/../b -> login":                    "only dots",
		"/a//b -> login":                      "empty",
		"/a*b -> login":                       "one whole segment",
		"example.org:80/ -> login":            "without a port",
		"exämple.org/ -> login":               "without a port",
		"*.*.org/ -> login":                   "without a port",
		"/ -> login\n/admin -> staff":         "line 2: no request gets here, because line 1",
		"/a -> login\n\n/a/b -> deny":         "line 3: no request gets here",
		"/* -> login\n/a -> deny":             "no request gets here",
		"/a -> login\nGET x/a -> deny":        "no request gets here",
		"*.x.org/ -> login\na.x.org/ -> deny": "no request gets here",
		strings.Repeat("#", 2<<20):            "bad rules",
	} {
		_, err := djgate.ParseRules(strings.NewReader(text))
		if !errors.Is(err, djgate.ErrRules) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{
		"/a/b -> login\n/a -> deny", "GET /a -> login\n/a -> deny", "/a$ -> login\n/a -> deny", "x/a -> login\n/a -> deny", "/*/b -> login\n/a/c -> deny", "/a -> login\nignore-case", "/a/$ -> login\n/a -> login",
	} {
		if _, err := djgate.ParseRules(strings.NewReader(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestCheck asks the rules alone.
func TestCheck(t *testing.T) {
	rules, err := djgate.ParseRules(strings.NewReader(rulesOfTests + "\nignore-case\n"))
	must(t, err)
	for url, want := range map[string][2]int{
		"https://site.example/STATIC/x":       {200, 3},
		"https://site.example":                {401, 12},
		"https://site.example/Off":            {403, 11},
		"https://site.example/static/../off":  {403, 11},
		"https://site.example/static/%zz":     {400, 0},
		"https://wiki.example/a/edit?x":       {401, 7},
		"/static":                             {400, 0},
		"https://site.example/static/%2e%2e/": {401, 12},
	} {
		status, line, err := rules.Check("GET", url)
		if status != want[0] || line != want[1] || (err != nil) != (status == 400) {
			t.Errorf("%s: got %d, line %d, %v; want %v", url, status, line, err, want)
		}
	}
}

// TestNew: what would make a gate write, or remember a verdict, is refused.
func TestNew(t *testing.T) {
	w := newWorld(t, rulesOfTests, nil)
	rules, err := djgate.ParseRules(strings.NewReader("/ -> login"))
	must(t, err)
	for _, opts := range []*djgate.Options{
		{Headers: djgate.Headers{User: "Remote_User"}}, {Headers: djgate.Headers{User: "a b"}}, {Headers: djgate.Headers{User: "Cookie"}},
		{Headers: djgate.Headers{User: "X-A", Email: "x-a"}}, {Origins: []string{"example.org"}}, {Origins: []string{"https://example.org/"}}, {Stale: -1},
	} {
		if _, err := djgate.New(w.auth, rules, opts); !errors.Is(err, djsession.ErrConfig) {
			t.Errorf("%+v: got %v", opts, err)
		}
	}
	if _, err := djgate.New(nil, rules, nil); !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("no Auth: got %v", err)
	}
	if _, err := djgate.New(w.auth, nil, nil); !errors.Is(err, djsession.ErrConfig) {
		t.Errorf("no rules: got %v", err)
	}
}

// FuzzReadings: a path that the rules let pass is never one that some way to read it makes a
// path below /admin.
func FuzzReadings(f *testing.F) {
	for _, path := range []string{"/", "/static/../admin", "/static/%252e%252e%255cadmin", "/x;/..//%2fadmin?", "//h/admin"} {
		f.Add(path, uint32(0x12345678))
	}
	rules, err := djgate.ParseRules(strings.NewReader("/admin -> deny\n/ -> public"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string, steps uint32) {
		status, _, err := rules.Check(http.MethodGet, "http://h"+path)
		if err != nil || status != 200 {
			return
		}
		path, _, _ = strings.Cut(path, "?")
		decoded := 0
		for ; steps > 0; steps /= 8 {
			switch steps % 8 {
			case 0:
				path = strings.ReplaceAll(path, `\`, "/")
			case 1:
				path = strings.ReplaceAll(path, "//", "/")
			case 2:
				all := strings.Split(path, "/")
				for i := range all {
					all[i], _, _ = strings.Cut(all[i], ";")
				}
				path = strings.Join(all, "/")
			case 3:
				path, _, _ = strings.Cut(path, "?")
			case 4:
				path, _, _ = strings.Cut(path, "#")
			case 5:
				path = strings.ReplaceAll(path, "/./", "/")
			case 6:
				all := strings.Split(path, "/")
				if i := slices.Index(all, ".."); i > 1 {
					path = strings.Join(slices.Delete(all, i-1, i+1), "/")
				}
			case 7:
				if decoded++; decoded <= 2 {
					path = unquote(path)
				}
			}
			if path == "/admin" || strings.HasPrefix(path, "/admin/") {
				t.Fatalf("passed, and some program reads %q", path)
			}
		}
	})
}

// unquote decodes percent signs as urllib.parse.unquote does, byte by byte.
func unquote(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := strings.IndexByte("0123456789abcdef", s[i+1]|0x20), strings.IndexByte("0123456789abcdef", s[i+2]|0x20); hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi*16 + lo))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
