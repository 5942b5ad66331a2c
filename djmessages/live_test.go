package djmessages_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// Visitors send requests to a real Django and to this package, each of which must do
// the same. What the browser and the session hold next is what Django made of it, or
// what Go did, in turns.
func TestLive(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	for i, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			d := django.Start(t, django.Site{Version: version, Bare: true, Code: messagesPy})
			rnd := rand.New(rand.NewPCG(6, uint64(i)))
			const visitors, requests = 120, 5
			did := map[string]int{}
			for visitor := range visitors {
				c := testCase{Now: now.Unix(), Storage: [...]string{"Fallback", "Fallback", "Session", "Cookie"}[rnd.IntN(4)], Settings: setting(rnd, version)}
				c.Cookie = firstCookie(t, rnd, c.Storage)
				for request := range requests {
					c.Now += int64(rnd.IntN(1000))
					c.Steps = steps(rnd)
					var want answer
					d.Call(t, "answer", django.Args{"case": c}, &want)
					got, err := run(t, version, c)
					if err != nil || want.Error != "" {
						t.Fatalf("visitor %d, request %d: %v, Django had %q", visitor, request, err, want.Error)
					}
					compare(t, fmt.Sprintf("visitor %d, request %d", visitor, request), got, want)
					if t.Failed() {
						return
					}
					next := got
					if request%2 == 0 {
						next = want
					}
					count(did, c, next)
					c.Session = next.Session
					if pair := next.pair(); pair != nil {
						c.Cookie = pair
						if strings.Contains(*next.SetCookie, "Max-Age=0") {
							c.Cookie = nil
						}
					}
					if c.Cookie != nil && rnd.IntN(25) == 0 {
						c.Cookie = tampered(rnd, *c.Cookie)
					}
				}
			}
			for _, what := range []string{"deleted", "set", "read", "both", "session", "dropped"} {
				if did[what] < 5 {
					t.Errorf("%s: only %d times in %d requests", what, did[what], visitors*requests)
				}
			}
		})
	}
}

// count notes what came to pass, so that no path is missed.
func count(did map[string]int, c testCase, a answer) {
	switch {
	case a.SetCookie != nil && strings.Contains(*a.SetCookie, "Max-Age=0"):
		did["deleted"]++
	case a.SetCookie != nil:
		did["set"]++
	}
	if a.Session != nil {
		did["session"]++
		if c.Storage == "Fallback" && a.SetCookie != nil {
			did["both"]++
		}
	}
	for _, r := range a.Returned {
		if list, ok := r.([]any); ok && len(list) > 0 {
			did["read"]++
		}
	}
	if len(c.Steps) > 0 && c.Storage == "Cookie" && a.SetCookie != nil && len(*a.SetCookie) > 1500 {
		did["dropped"]++
	}
}

//go:embed testdata/messages.py
var messagesPy string

func setting(rnd *rand.Rand, version string) map[string]json.RawMessage {
	set := map[string]json.RawMessage{}
	if rnd.IntN(3) == 0 {
		set["SESSION_COOKIE_SAMESITE"] = json.RawMessage([...]string{`"Strict"`, `"Lax"`, "false"}[rnd.IntN(3)])
		set["SESSION_COOKIE_SECURE"] = json.RawMessage("true")
	}
	if rnd.IntN(4) == 0 {
		set["MESSAGE_LEVEL"] = json.RawMessage("10")
		set["MESSAGE_TAGS"] = json.RawMessage(`[[10, "dbg"], [30, ""], [33, "own"]]`)
	}
	if version == "3.2" && rnd.IntN(3) == 0 {
		set["DEFAULT_HASHING_ALGORITHM"] = json.RawMessage(`"sha1"`)
	}
	return set
}

func steps(rnd *rand.Rand) []step {
	all := []step{}
	if rnd.IntN(6) == 0 {
		return all
	}
	for range 1 + rnd.IntN(5) {
		switch n := rnd.IntN(20); {
		case n < 16:
			all = append(all, step{Do: "add", Level: [...]int{10, 20, 25, 30, 33, 40}[rnd.IntN(6)], Text: text(rnd),
				Tags: [...]string{"", "", "x", "a b", "größe"}[rnd.IntN(5)], Safe: rnd.IntN(5) == 0})
		case n < 17:
			all = append(all, step{Do: "iter"})
		case n < 19:
			all = append(all, step{Do: "len"})
		default:
			all = append(all, step{Do: "level", Level: 10 + rnd.IntN(25)})
		}
	}
	return all
}

// text is anything that a message may say: short or long, dense or repeated.
func text(rnd *rand.Rand) string {
	words := [...]string{"Saved", "<b>bold</b>", "größer", "密码", "🔑", "\"quoted\"", `back\slash`, "a,b;c=d", "\x00\x1f\x7f", "\u2028", "1", "é\u0301", ""}
	var b strings.Builder
	switch rnd.IntN(6) {
	case 0:
		return words[rnd.IntN(len(words))]
	case 1, 5:
		for range rnd.IntN(1200) {
			b.WriteByte(byte(' ' + rnd.IntN(95)))
		}
	case 2:
		return strings.Repeat(words[rnd.IntN(len(words))], rnd.IntN(60))
	default:
		for range rnd.IntN(12) {
			b.WriteString(words[rnd.IntN(len(words))] + " ")
		}
	}
	return b.String()
}

// firstCookie is what Go wrote for a site of some version, which a Django of another one
// reads or not.
func firstCookie(t *testing.T, rnd *rand.Rand, storage string) *string {
	if storage == "Session" || rnd.IntN(2) == 0 {
		return nil
	}
	writers := [...]string{"1.8", "3.0", "3.1", "3.2", "4.0", "4.1", "6.1"}
	version := writers[rnd.IntN(len(writers))]
	c := testCase{Now: now.Unix(), Storage: storage, Steps: []step{{Do: "add", Level: 20, Text: "begun by " + version}}}
	if (version == "3.1" || version == "3.2") && rnd.IntN(2) == 0 {
		c.Settings = map[string]json.RawMessage{"DEFAULT_HASHING_ALGORITHM": json.RawMessage(`"sha1"`)}
	}
	a, err := run(t, version, c)
	if err != nil {
		t.Fatal(err)
	}
	return a.pair()
}

// tampered changes one character of a value.
func tampered(rnd *rand.Rand, cookie string) *string {
	b := []byte(cookie)
	at := len("messages=") + rnd.IntN(len(b)-len("messages="))
	b[at] = "abcXYZ019_-.:$[\"\\"[rnd.IntN(17)]
	s := string(b)
	return &s
}
