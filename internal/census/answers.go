package census

import (
	"fmt"
	"time"
)

// Answer is a sentence about a Census.
type Answer struct {
	About string // logins, keys, pickles, formats or undecoded
	Text  string
}

// Answers says what depends on each key, on pickles and on the old formats, and what ends
// without them. Answers hold no name and no value of the site.
func (c *Census) Answers() []Answer {
	var all []Answer
	say := func(about, format string, args ...any) {
		all = append(all, Answer{about, fmt.Sprintf(format, args...)})
	}
	say("logins", "%s: %s, %d anonymous.", many(c.Live.Sessions), logins(c.Live.Logins), c.Live.Sessions-c.Live.Logins)
	if n := c.Expired; n > 0 {
		say("logins", "%s expired and still stored, for djsession clearsessions to remove.", are(n))
	}
	switch {
	case c.Keys == nil:
		say("keys", "The engine signs nothing. Only the hash in each login depends on SECRET_KEY.")
	case len(c.Keys) == 1:
		say("keys", "SECRET_KEY is the only key. Without it %s.", cost(c.Keys[0]))
	default:
		for i, g := range c.Keys[1:] {
			say("keys", "%s signed with %s. Without it %s.", are(g.Sessions), KeyName(i+1), cost(g))
		}
		say("keys", "A login also holds a hash of the password, which Django makes anew with SECRET_KEY when the user comes back. A login that SECRET_KEY signed may still hold the hash of a fallback. It then ends with that fallback, and is not counted there.")
	}
	switch g := c.Serializers[Pickled]; {
	case g.Sessions == 0:
		say("pickles", "No session is a pickle.")
	case c.Keys == nil:
		say("pickles", "%s pickled by the cache, as CACHES says. SESSION_SERIALIZER does not count there.", are(g.Sessions))
	default:
		say("pickles", "%s pickled. Without PickleSerializer, which Django 5.0 removed, %s. djsession convert makes JSON of them.", are(g.Sessions), cost(g))
	}
	if g := c.Formats[Legacy]; g.Sessions > 0 {
		say("formats", "%s in the format of before Django 3.1. From Django 4.0 on, which does not read it, %s. djsession convert rewrites them.", are(g.Sessions), cost(g))
	}
	if g := c.Formats[SHA1]; g.Sessions > 0 {
		say("formats", "%s signed with SHA-1. From Django 4.0 on, which does not read it, %s.", are(g.Sessions), cost(g))
	}
	if n := c.NoKey; n > 0 {
		say("undecoded", "%s not signed, or with another key or salt. If the keys here are those of the site, Django reads an empty session there.", are(n))
	}
	if n := c.NoSession; n > 0 {
		say("undecoded", "%s of neither JSON nor a pickle: the site may have a serializer of its own.", are(n))
	}
	if n := c.Odd; n > 0 {
		say("undecoded", "%s damaged or too large.", are(n))
	}
	if n := c.Closed; n > 0 {
		say("undecoded", "%s closed to this program: it may not read what is stored.", are(n))
	}
	return all
}

// cost says what ends if g cannot be read any more.
func cost(g Group) string {
	if g.Sessions == 0 {
		return "nothing ends"
	}
	text := fmt.Sprintf("%s %s at once, with %s", many(g.Sessions), ends(g.Sessions), logins(g.Logins))
	if g.Last.IsZero() {
		return text
	}
	return text + ". If nobody saves them before, the last one ends by itself on " + g.Last.Format(time.DateOnly)
}

// KeyName returns the name of Census.Keys[i].
func KeyName(i int) string {
	if i == 0 {
		return "SECRET_KEY"
	}
	return fmt.Sprintf("fallback %d", i)
}

func many(n int64) string   { return plural(n, "1 session", "sessions") }
func logins(n int64) string { return plural(n, "1 login", "logins") }
func are(n int64) string    { return plural(n, "1 session is", "sessions are") }

func ends(n int64) string {
	if n == 1 {
		return "ends"
	}
	return "end"
}

func plural(n int64, one, more string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf("%d %s", n, more)
}
