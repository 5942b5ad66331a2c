package djgate

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrRules is the error of [ParseRules]. Its text names the line.
var ErrRules = errors.New("djgate: bad rules")

// The largest file of rules, in bytes and in rules.
const (
	maxRulesSize = 1 << 20
	maxRules     = 10_000
)

// Rules say who may see which page. They are safe for concurrent use.
type Rules struct {
	all        []rule
	ignoreCase bool
}

// rule is one line of the file.
type rule struct {
	line    int
	methods []string // none is all
	host    string   // "" is all; "*.example.org" is any host below
	path    []string // segments; "*" is any one segment
	exact   bool     // the path is the whole path, and not its beginning
	who     []who
}

// who is one group of visitors.
type who struct{ kind, name string }

// The kinds of visitors. Those with a name have it in who.name.
const (
	whoPublic    = "public"
	whoAnyone    = "anyone"
	whoLogin     = "login"
	whoStaff     = "staff"
	whoSuperuser = "superuser"
	whoGroup     = "group"
	whoPerm      = "perm"
	whoUser      = "user"
	whoDeny      = "deny"
)

// ParseRules reads rules, one a line:
//
//	# who may see what; the first line that matches decides
//	/static               -> public
//	/status$              -> anyone
//	GET,HEAD  wiki.example.org/ -> login
//	wiki.example.org/*/edit     -> group "Wiki editors", perm wiki.change_page
//	/admin                -> staff
//	/debug                -> superuser, user anna
//	/                     -> deny
//
// Before the arrow stand the methods (default: all), then the host (default: all) and the
// path. A path is the beginning of a path that ends at a segment: /admin is also /admin/ and
// /admin/users, but not /administrator. "$" at its end makes it the whole path. The segment
// "*" is any one segment. The host *.example.org is every host below example.org. A path is
// written as it reads, without percent signs.
//
// After the arrow stands who may see the page; several are divided by commas:
//
//	public      everybody; the login is not looked up
//	anyone      everybody; the upstream learns who it is
//	login       logged-in users
//	staff       active users with is_staff
//	superuser   active users with is_superuser
//	group NAME  members of the group
//	perm NAME   users with the permission "app_label.codename", and superusers
//	user NAME   the user with this username
//	deny        nobody
//
// A name with other characters than letters, digits and @.+-_ stands in double quotes. A line
// with the one word "ignore-case" is for upstreams that do not tell upper from lower case in
// paths. What no line matches is denied.
//
// Errors: [ErrRules], also for a line that an earlier one makes useless.
func ParseRules(r io.Reader) (*Rules, error) {
	rules := new(Rules)
	in := bufio.NewScanner(io.LimitReader(r, maxRulesSize+1))
	in.Buffer(nil, maxRulesSize)
	size := 0
	for n := 1; in.Scan(); n++ {
		size += len(in.Bytes()) + 1
		text := strings.TrimSpace(in.Text())
		if size > maxRulesSize || len(rules.all) == maxRules {
			return nil, fmt.Errorf("%w: line %d: the file is too large", ErrRules, n)
		}
		if text == "" || text[0] == '#' {
			continue
		}
		if text == "ignore-case" {
			rules.ignoreCase = true
			continue
		}
		one, err := parseRule(text)
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrRules, n, err)
		}
		one.line = n
		rules.all = append(rules.all, one)
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRules, err)
	}
	if len(rules.all) == 0 {
		return nil, fmt.Errorf("%w: there is no rule, so that everything would be denied", ErrRules)
	}
	if rules.ignoreCase {
		for i := range rules.all {
			for j, s := range rules.all[i].path {
				rules.all[i].path[j] = strings.ToLower(s)
			}
		}
	}
	return rules, rules.useless()
}

// useless returns an error for the first rule that no request reaches.
func (rules *Rules) useless() error {
	for i := range rules.all {
		for j := range rules.all[:i] {
			if rules.all[j].covers(&rules.all[i]) {
				return fmt.Errorf("%w: line %d: no request gets here, because line %d matches all of them", ErrRules, rules.all[i].line, rules.all[j].line)
			}
		}
	}
	return nil
}

// covers reports whether r matches all that other matches.
func (r *rule) covers(other *rule) bool {
	for _, m := range other.methods {
		if len(r.methods) > 0 && !slices.Contains(r.methods, m) {
			return false
		}
	}
	if len(other.methods) == 0 && len(r.methods) > 0 {
		return false
	}
	if r.host != "" && r.host != other.host && !(strings.HasPrefix(r.host, "*.") && strings.HasSuffix(other.host, r.host[1:])) {
		return false
	}
	if r.exact && (!other.exact || len(r.path) != len(other.path)) || len(r.path) > len(other.path) {
		return false
	}
	for i, s := range r.path {
		if s != "*" && s != other.path[i] || s == "*" && other.path[i] == "" {
			return false
		}
	}
	return true
}

func parseRule(text string) (rule, error) {
	var r rule
	where, people, ok := strings.Cut(text, "->")
	if !ok {
		return r, errors.New(`it has no "->" between the page and who may see it`)
	}
	fields := strings.Fields(where)
	switch len(fields) {
	case 2:
		for m := range strings.SplitSeq(fields[0], ",") {
			if m == "" || strings.Trim(m, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
				return r, errors.New("a method is written in upper case: GET,HEAD")
			}
			r.methods = append(r.methods, m)
		}
	case 1:
	default:
		return r, errors.New("before the arrow stand the methods and the page: GET,HEAD example.org/path")
	}
	host, path, ok := strings.Cut(fields[len(fields)-1], "/")
	if !ok {
		return r, errors.New("the page has no path; the path of a whole site is /")
	}
	if err := r.setHost(host); err != nil {
		return r, err
	}
	if err := r.setPath("/" + path); err != nil {
		return r, err
	}
	var err error
	r.who, err = parseWho(people)
	return r, err
}

func (r *rule) setHost(host string) error {
	r.host = strings.ToLower(host)
	name, _ := strings.CutPrefix(r.host, "*.")
	ip := net.ParseIP(strings.Trim(name, "[]")) != nil
	if host != "" && !ip && (name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".")) {
		return errors.New("the host is not a name without a port, such as example.org or *.example.org; names in other scripts are written in the form xn--")
	}
	return nil
}

func (r *rule) setPath(path string) error {
	if path, r.exact = strings.CutSuffix(path, "$"); strings.ContainsAny(path, "%?#;\\$") || !utf8.ValidString(path) {
		return errors.New(`the path has one of % ? # ; \ in it, or a $ before its end: it is written as it reads, without the query`)
	}
	if !r.exact {
		path = strings.TrimSuffix(path, "/")
	}
	if path == "" {
		return nil
	}
	r.path = strings.Split(path[1:], "/")
	for i, s := range r.path {
		switch {
		case s == "." || s == ".." || s == "" && (i < len(r.path)-1 || !r.exact):
			return errors.New("the path has a segment that is empty or only dots")
		case s != "*" && strings.Contains(s, "*"):
			return errors.New("* stands for one whole segment of the path")
		}
	}
	return nil
}

// parseWho reads what stands behind the arrow.
func parseWho(text string) ([]who, error) {
	var all []who
	words, err := splitWords(text)
	if err != nil {
		return nil, err
	}
	for len(words) > 0 {
		w := who{kind: words[0].text}
		if words[0].quoted {
			w.kind = ""
		}
		words = words[1:]
		switch w.kind {
		case whoPublic, whoAnyone, whoLogin, whoStaff, whoSuperuser, whoDeny:
		case whoGroup, whoPerm, whoUser:
			if len(words) == 0 || words[0].text == "," && !words[0].quoted || words[0].text == "" {
				return nil, errors.New(w.kind + " needs a name")
			}
			w.name, words = words[0].text, words[1:]
			if app, code, ok := strings.Cut(w.name, "."); w.kind == whoPerm && (!ok || app == "" || code == "") {
				return nil, errors.New("a permission is app_label.codename")
			}
		default:
			return nil, errors.New("behind the arrow stands public, anyone, login, staff, superuser, group NAME, perm NAME, user NAME or deny")
		}
		all = append(all, w)
		if len(words) > 0 {
			if words[0].text != "," || words[0].quoted || len(words) == 1 {
				return nil, errors.New(`behind the arrow, commas stand between the visitors, and names with spaces in double quotes`)
			}
			words = words[1:]
		}
	}
	if len(all) == 0 {
		return nil, errors.New("nothing stands behind the arrow; nobody is deny")
	}
	for _, w := range all {
		if len(all) > 1 && (w.kind == whoPublic || w.kind == whoAnyone || w.kind == whoDeny) {
			return nil, errors.New(w.kind + " stands alone")
		}
	}
	return all, nil
}

// word is a name, a word or a comma.
type word struct {
	text   string
	quoted bool
}

func splitWords(text string) ([]word, error) {
	var all []word
	for {
		text = strings.TrimLeft(text, " \t")
		switch {
		case text == "":
			return all, nil
		case text[0] == ',':
			all, text = append(all, word{text: ","}), text[1:]
		case text[0] == '"':
			name, rest, ok := strings.Cut(text[1:], `"`)
			if !ok {
				return nil, errors.New("a double quote is not closed")
			}
			all, text = append(all, word{name, true}), rest
		default:
			end := strings.IndexAny(text, " \t,\"")
			if end < 0 {
				end = len(text)
			}
			all, text = append(all, word{text: text[:end]}), text[end:]
		}
	}
}

// Permissions returns the names of all permissions in the rules.
func (rules *Rules) Permissions() []string {
	var all []string
	for _, r := range rules.all {
		for _, w := range r.who {
			if w.kind == whoPerm && !slices.Contains(all, w.name) {
				all = append(all, w.name)
			}
		}
	}
	return all
}

// find returns the rule for one reading of a request, or nil if no line matches.
func (rules *Rules) find(method, host, path string) *rule {
	if rules.ignoreCase {
		path = strings.ToLower(path)
	}
	for i := range rules.all {
		if r := &rules.all[i]; r.matches(method, host, path) {
			return r
		}
	}
	return nil
}

func (r *rule) matches(method, host, path string) bool {
	if len(r.methods) > 0 && !slices.Contains(r.methods, method) {
		return false
	}
	if below, ok := strings.CutPrefix(r.host, "*"); ok {
		if !strings.HasSuffix(host, below) || len(host) == len(below) {
			return false
		}
	} else if r.host != "" && r.host != host {
		return false
	}
	path = strings.TrimPrefix(path, "/")
	for i, want := range r.path {
		got, rest, more := strings.Cut(path, "/")
		if want != got && (want != "*" || got == "") {
			return false
		}
		if i == len(r.path)-1 && !more {
			return true // all of the path is used
		}
		if !more {
			return false
		}
		path = rest
	}
	return !r.exact || len(r.path) == 0 && path == ""
}
