package djauth_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/weburl"
)

// djangoTarget is what redirect.py says of a target.
type djangoTarget struct {
	OK       bool
	Location *string
}

func askRedirects(t *testing.T, version string, hosts []string, secure bool, targets []string) []djangoTarget {
	t.Helper()
	in, err := json.Marshal(map[string]any{"hosts": hosts, "secure": secure, "targets": targets})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(django.Python(t, version), "testdata/redirect.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("Django %s: %v", version, err)
	}
	var answers []djangoTarget
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(targets) {
		t.Fatalf("got %d answers, want %d", len(answers), len(targets))
	}
	return answers
}

// refused are the targets that Django takes, or some of the Djangos, and ours does not.
var refused = []struct {
	why   string
	where func(target string) bool
}{
	{"a control character", regexp.MustCompile(`[\x00-\x1f\x7f]`).MatchString},
	{"a first character beyond ASCII", func(s string) bool { return s[0] > '~' }},
	{"a scheme without a letter", regexp.MustCompile(`^[0-9+.-][A-Za-z0-9+.-]*:`).MatchString},
	{"too long before 5.0", func(s string) bool { return utf8.RuneCountInString(s) > 2048 }},
}

// dirty are the targets that RedirectTarget writes in another form, so that SafeRedirect
// refuses them as they are.
var dirty = regexp.MustCompile(`^[^?]*\\|^//([?#]|$)|^[^/].*:`)

// ends are spaces at the ends in Python's sense. Django sends them as a part of the path.
var ends = regexp.MustCompile(`^[\s\v\x1c-\x1f\x{85}\x{180e}\p{Z}]|[\s\v\x1c-\x1f\x{85}\x{180e}\p{Z}]$`)

var slashes = regexp.MustCompile(`//+`)

// Ours never says yes where Django says no. Where both say yes, a browser goes to the
// same page.
func TestRedirectLive(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	const host, further = "site.example", "shop.example:8443"
	for seed, version := range []string{"1.8", "1.11", "2.2", "3.2", "4.2", "5.2", "6.1"} {
		t.Run(version, func(t *testing.T) {
			for _, secure := range []bool{false, true} {
				w := newWorld(t, func(o *djauth.Options) { o.SuccessURLAllowedHosts = []string{further} })
				targets := append(weburl.Targets(uint64(100+seed), 6000, host), weburl.Targets(uint64(200+seed), 3000, further)...)
				for i := range targets {
					targets[i] = strings.ToValidUTF8(targets[i], "\ufffd") // Python's texts are no bytes
				}
				base := weburl.URL{Scheme: "http", Host: host, Path: "/accounts/login/"}
				if secure {
					base.Scheme = "https"
				}
				yes, less := 0, map[string]int{}
				for i, answer := range askRedirects(t, version, []string{host, further}, secure, targets) {
					next := targets[i]
					safe, got := djauth.SafeRedirect(next, host, secure) || djauth.SafeRedirect(next, further, secure), ""
					visit(secure, base.Path, "", host, next, func(_ http.ResponseWriter, r *http.Request) { got = w.auth.RedirectTarget(r, "") })
					switch {
					case !answer.OK && (safe || got != ""):
						t.Errorf("%q: Django says no, SafeRedirect %v, RedirectTarget %q", next, safe, got)
					case !answer.OK:
					case got == "":
						why := ""
						for _, r := range refused {
							if r.where(strings.TrimSpace(next)) {
								why = r.why
							}
						}
						if why == "" && version == "1.8" && secure {
							why = "1.8 takes http on a page of https"
						}
						if why == "" {
							t.Errorf("%q: Django says yes, RedirectTarget refuses it", next)
						}
						less[why]++
					default:
						yes++
						if !safe && !dirty.MatchString(next) && !ends.MatchString(next) {
							t.Errorf("%q: Django says yes, SafeRedirect refuses it", next)
						}
						if answer.Location == nil || ends.MatchString(next) {
							continue
						}
						ours, err := base.Resolve(got)
						theirs, theirErr := base.Resolve(*answer.Location)
						theirs.Path = slashes.ReplaceAllString(theirs.Path, "/")
						ours.Path = slashes.ReplaceAllString(ours.Path, "/")
						if err != nil || theirErr == nil && ours != theirs {
							t.Errorf("%q: ours is %q and leads to %v (%v), Django's is %q and leads to %v", next, got, ours, err, *answer.Location, theirs)
						}
					}
				}
				t.Logf("secure %v: %d are taken by both; refused by ours alone: %v", secure, yes, less)
				if yes < 1000 {
					t.Errorf("both take %d: these targets are no test", yes)
				}
			}
		})
	}
}
