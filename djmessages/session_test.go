package djmessages_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// Two requests of a visitor at once lose no message, and none that was read comes back.
func TestTwoAtOnce(t *testing.T) {
	add := func(text string) func(testing.TB, *http.Request) {
		return func(t testing.TB, r *http.Request) { must(t, djmessages.Info(r.Context(), text)) }
	}
	read := func(t testing.TB, r *http.Request) {
		_, err := djmessages.Get(r.Context())
		must(t, err)
	}
	peek := func(t testing.TB, r *http.Request) {
		_, err := djmessages.Peek(r.Context())
		must(t, err)
	}
	type do = func(testing.TB, *http.Request)
	all := func(does ...do) do {
		return func(t testing.TB, r *http.Request) {
			for _, d := range does {
				d(t, r)
			}
		}
	}
	for _, tt := range []struct {
		name         string
		before       string
		outer, inner do // the inner request comes and goes while the outer one is at work
		want         string
		why          string
	}{
		{"both add", "a", add("outer"), add("inner"), "a inner outer", "the outer one is behind"},
		{"both add to nothing", "", add("outer"), add("inner"), "inner outer", ""},
		{"read, add", "a b", read, add("inner"), "inner", "what nobody read stays"},
		{"add, read", "a b", all(peek, add("outer")), read, "outer", "what somebody read stays away"},
		{"both read", "a b", read, read, "", ""},
		{"read, read and add", "a b", read, all(read, add("inner")), "inner", ""},
		{"read and add, add", "a b", all(read, add("outer")), add("inner"), "inner outer", ""},
		{"read twins, add another", "a a b", read, add("a"), "a", "as many as were read"},
		{"add and read, add", "a", all(add("outer"), read), add("inner"), "inner", "what was added and read is not stored"},
		{"three", "a", add("outer"), all(add("inner"), add("third")), "a inner third outer", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "6.1", &djmessages.Options{Storage: djmessages.Session})
			cookie := "sessionid=" + w.put(serializer.Item{Key: "other", Value: int64(1)})
			if tt.before != "" {
				w.get(cookie, func(_ http.ResponseWriter, r *http.Request) {
					for text := range strings.SplitSeq(tt.before, " ") {
						must(t, djmessages.Info(r.Context(), text))
					}
				})
			}
			w.get(cookie, func(_ http.ResponseWriter, r *http.Request) {
				_, err := djsession.Load(r.Context())
				must(t, err)
				tt.outer(t, r)
				w.get(cookie, func(_ http.ResponseWriter, r *http.Request) { tt.inner(t, r) })
			})
			w.get(cookie, func(_ http.ResponseWriter, r *http.Request) {
				list, err := djmessages.Get(r.Context())
				must(t, err)
				if got := texts(list); got != tt.want {
					t.Errorf("got %q, want %q (%s)", got, tt.want, tt.why)
				}
			})
		})
	}
}

// Many at once, for the race detector too.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t, "6.1", &djmessages.Options{Storage: djmessages.Session})
	cookie := "sessionid=" + w.put()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			w.get(cookie, func(_ http.ResponseWriter, r *http.Request) {
				var in sync.WaitGroup // goroutines of one handler
				for j := range 4 {
					in.Go(func() {
						if err := djmessages.Info(r.Context(), fmt.Sprint(i, j)); err != nil {
							t.Error(err)
						}
					})
				}
				in.Wait()
			})
		})
	}
	wg.Wait()
	w.get(cookie, func(_ http.ResponseWriter, r *http.Request) {
		if n, err := djmessages.Count(r.Context()); n != 32 || err != nil {
			t.Errorf("got %d messages (%v), want 32", n, err)
		}
	})
}

// With Fallback the same holds for what is in the session.
func TestTwoAtOnceFallback(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	cookie := "sessionid=" + w.put(serializer.Item{Key: "other", Value: int64(1)})
	add := func(r *http.Request, name string) { must(t, djmessages.Info(r.Context(), name+" "+dense(1500))) }
	res := w.get(cookie, func(_ http.ResponseWriter, r *http.Request) { add(r, "1"); add(r, "2") })
	set, _, _ := strings.Cut(*setCookie(t, res, "messages"), ";")
	cookie += "; " + set
	w.get(cookie, func(_ http.ResponseWriter, r *http.Request) {
		_, err := djmessages.Peek(r.Context())
		must(t, err)
		add(r, "outer")
		w.get(cookie, func(_ http.ResponseWriter, r *http.Request) { add(r, "inner") })
	})
	w.get(cookie, func(_ http.ResponseWriter, r *http.Request) {
		list, err := djmessages.Get(r.Context())
		must(t, err)
		var got string
		for _, m := range list {
			name, _, _ := strings.Cut(m.Text(), " ")
			got += name + " "
		}
		if want := "1 2 inner outer "; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// A logout between reading and the response takes the messages of the old session along.
func TestFlush(t *testing.T) {
	w := newWorld(t, "6.1", &djmessages.Options{Storage: djmessages.Session})
	cookie := "sessionid=" + w.put(serializer.Item{Key: "_messages", Value: `[["__json_message", 0, 20, "of the old user", ""]]`})
	res := w.get(cookie, func(_ http.ResponseWriter, r *http.Request) {
		must(t, djmessages.Info(r.Context(), "bye"))
		s, err := djsession.Load(r.Context())
		must(t, err)
		must(t, s.Flush(r.Context()))
	})
	next, _, _ := strings.Cut(*setCookie(t, res, "sessionid"), ";")
	w.get(next, func(_ http.ResponseWriter, r *http.Request) {
		list, err := djmessages.Get(r.Context())
		if must(t, err); texts(list) != "bye" {
			t.Errorf("got %q, want %q", texts(list), "bye")
		}
	})
}

// What is stored as messages and is none is reported once, without a word of it, and
// removed, where Django answers every page by an error.
func TestOddSessions(t *testing.T) {
	for _, tt := range []struct {
		name  string
		value any
	}{
		{"no text", int64(1)},
		{"a list", []any{[]any{"__json_message", int64(0), int64(20), "private", ""}}},
		{"no JSON", "private"},
		{"extra data", `[] "private"`},
		{"a dict", `{"private": 1}`},
		{"no message", `["private"]`},
		{"another key", `[["private", 0, 20, "x", ""]]`},
		{"too short", `[["__json_message", "private"]]`},
		{"too long", `[["__json_message", 0, 20, "private", "", 1]]`},
		{"three parts, of long ago", `[["__json_message", 20, "private"]]`},
		{"level", `[["__json_message", 0, "private", "x", ""]]`},
		{"huge level", `[["__json_message", 0, 99999999999999999999, "private", ""]]`},
		{"text", `[["__json_message", 0, 20, ["private"], ""]]`},
		{"tags", `[["__json_message", 0, 20, "x", {"private": 1}]]`},
		{"the mark of a cookie", `["__messagesnotfinished__"]`},
		{"deep", strings.Repeat("[", 2000) + strings.Repeat("]", 2000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "6.1", &djmessages.Options{Storage: djmessages.Session})
			key := w.put(serializer.Item{Key: "_messages", Value: tt.value})
			w.get("sessionid="+key, func(_ http.ResponseWriter, r *http.Request) {
				list, err := djmessages.Get(r.Context())
				must(t, err)
				err = djmessages.Corrupt(r.Context())
				if !errors.Is(err, djmessages.ErrCorrupt) || len(list) != 0 {
					t.Errorf("got %d messages, %v", len(list), err)
				}
				if strings.Contains(fmt.Sprintf("%v %+v", err, err), "private") {
					t.Errorf("the error quotes it: %v", err)
				}
				if _, err := djmessages.Get(r.Context()); err != nil {
					t.Errorf("again: %v", err)
				}
				must(t, djmessages.Info(r.Context(), "new"))
			})
			if got := w.session(key); got == nil || *got != `[["__json_message", 0, 20, "new", ""]]` {
				t.Errorf("afterwards the session holds %q", fmt.Sprint(got))
			}
			if log := w.log.String(); strings.Count(log, "could not be read") != 1 || strings.Contains(log, "private") {
				t.Errorf("the log says %q", log)
			}
			w.log.Reset()

			key = w.put(serializer.Item{Key: "_messages", Value: tt.value})
			w.get("sessionid="+key, func(_ http.ResponseWriter, r *http.Request) { must(t, djmessages.Info(r.Context(), "new")) })
			if log := w.log.String(); !strings.Contains(log, "could not be read") || strings.Contains(log, "private") {
				t.Errorf("nobody asked, and the log says %q", log)
			}
		})
	}
}

// What cannot be read in the session costs no message in the cookie that was not read.
func TestOddSessionFallback(t *testing.T) {
	w := newWorld(t, "6.1", nil)
	key := w.put(serializer.Item{Key: "_messages", Value: "odd"})
	cookie := "sessionid=" + key + "; messages="
	res := w.get(cookie+w.f.EncodeText(`[["__json_message",0,20,"a",""],"__messagesnotfinished__"]`), func(_ http.ResponseWriter, r *http.Request) {
		if n, err := djmessages.Count(r.Context()); n != 1 || err != nil || !errors.Is(djmessages.Corrupt(r.Context()), djmessages.ErrCorrupt) {
			t.Errorf("got %d messages, %v", n, err)
		}
	})
	if got := w.session(key); got != nil {
		t.Errorf("afterwards the session holds %q", *got)
	}
	next, _, _ := strings.Cut(strings.TrimPrefix(*setCookie(t, res, "messages"), "messages="), ";")
	w.get(cookie+next, func(_ http.ResponseWriter, r *http.Request) {
		if list, err := djmessages.Get(r.Context()); texts(list) != "a" || err != nil {
			t.Errorf("then %q, %v", texts(list), err)
		}
	})
}

// Under the PickleSerializer the text is text all the same, in Python 2 its str.
func TestPickle(t *testing.T) {
	w := newWorld(t, "1.11", &djmessages.Options{Storage: djmessages.Session}, func(set *djsession.Settings) {
		set.Serializer = pickle.Serializer{}
	})
	cookie := "sessionid=" + w.put(serializer.Item{Key: "_messages", Value: serializer.Str2(`[["__json_message",0,20,"a"]]`)})
	w.get(cookie, func(_ http.ResponseWriter, r *http.Request) { must(t, djmessages.Info(r.Context(), "b")) })
	w.get(cookie, func(_ http.ResponseWriter, r *http.Request) {
		list, err := djmessages.Get(r.Context())
		if must(t, err); texts(list) != "a b" {
			t.Errorf("got %q", texts(list))
		}
	})
}
