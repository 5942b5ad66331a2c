package sites

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// visitor is a browser. Cookies do not know ports, so the site and Go get the same ones.
type visitor struct {
	http.Client
	django, beside string // URLs
	door           string // the path of a page of Django's for everybody
}

func newVisitor(django, beside, door string) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // never without options
	}
	return &visitor{http.Client{Jar: jar, Timeout: 2 * time.Minute, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, django, beside, door}
}

// again returns a visitor with the same cookies, such as a second tab that was slower.
func (v *visitor) again() *visitor {
	w := newVisitor(v.django, v.beside, v.door)
	at, _ := url.Parse(v.django)
	w.Jar.SetCookies(at, v.Jar.Cookies(at))
	return w
}

// header returns the Cookie header of a request.
func (v *visitor) header() string {
	at, _ := url.Parse(v.django)
	var all []string
	for _, c := range v.Jar.Cookies(at) {
		all = append(all, c.Name+"="+c.Value)
	}
	return "Cookie: " + strings.Join(all, "; ")
}

// person is what either side says of an account.
type person struct {
	ID, Name                 string
	Active, Staff, Superuser bool
}

// answer is what either side says of a request.
type answer struct {
	User    *person
	Session map[string]any
	// Why says why Go knows nobody. Refused says why Go did not do what was asked.
	Why, Refused string
	Perms        []string
}

func (v *visitor) get(t *testing.T, url string) *answer {
	t.Helper()
	resp, err := v.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := new(answer)
	if err := json.Unmarshal(body, a); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, to %s\n%.2000s", url, resp.Status, resp.Header.Get("Location"), body)
	}
	return a
}

// asks asks Django, and does something before.
func (v *visitor) asks(t *testing.T, do string) *answer {
	t.Helper()
	return v.get(t, v.django+v.door+"?djsession="+do)
}

// visits asks Go, and does something before.
func (v *visitor) visits(t *testing.T, do string) *answer {
	t.Helper()
	return v.get(t, v.beside+"/"+do)
}

var (
	forms  = regexp.MustCompile(`(?is)<form\b([^>]*)>(.*?)</form>`)
	inputs = regexp.MustCompile(`(?is)<(?:input|button)\b([^>]*)>`)
	attrs  = regexp.MustCompile(`(?is)([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))`)
)

func attributes(tag string) map[string]string {
	all := map[string]string{}
	for _, m := range attrs.FindAllStringSubmatch(tag, -1) {
		all[strings.ToLower(m[1])] = html.UnescapeString(m[2] + m[3] + m[4])
	}
	return all
}

// logIn fills in the login form of the site. It reports whether the site then knows
// somebody.
func (v *visitor) logIn(t *testing.T, s site, typed, password string) bool {
	t.Helper()
	at := v.django + s.login
	resp, err := v.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v\n%.2000s", at, resp.Status, err, page)
	}
	field := s.field
	if field == "" {
		field = "username"
	}
	for _, form := range forms.FindAllStringSubmatch(string(page), -1) {
		values, secret := url.Values{}, ""
		for _, input := range inputs.FindAllStringSubmatch(form[2], -1) {
			a := attributes(input[1])
			switch strings.ToLower(a["type"]) {
			case "hidden", "submit":
				if a["name"] != "" {
					values.Set(a["name"], a["value"])
				}
			case "password":
				if secret == "" {
					secret = a["name"]
				}
			}
		}
		if secret == "" {
			continue
		}
		values.Set(field, typed)
		values.Set(secret, password)
		to := at
		if action := attributes(form[1])["action"]; action != "" {
			base, err := url.Parse(at)
			if err != nil {
				t.Fatal(err)
			}
			ref, err := base.Parse(action)
			if err != nil {
				t.Fatal(err)
			}
			to = ref.String()
		}
		req, err := http.NewRequest(http.MethodPost, to, strings.NewReader(values.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Referer", at)
		resp, err := v.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode >= 400 && resp.StatusCode != http.StatusForbidden {
			t.Fatalf("log in at %s: %s\n%.2000s", to, resp.Status, body)
		}
		return v.asks(t, "").User != nil
	}
	t.Fatalf("%s has no form with a password:\n%.3000s", at, page)
	return false
}

// page returns what a page of the site answers, such as "200" or "302 /login/".
func (v *visitor) page(t *testing.T, path string) string {
	t.Helper()
	resp, err := v.Get(v.django + path)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return strings.TrimSpace(fmt.Sprint(resp.StatusCode, " ", resp.Header.Get("Location")))
}
