package djsession_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

type cartLine struct {
	SKU string `json:"sku"`
	Qty int    `json:"qty"`
}

type cart struct {
	Lines  []cartLine        `json:"lines"`
	Wishes map[string]wished `json:"wishes"`
}

type wished struct {
	Times int `json:"times"`
}

// TestEditLosesNothing has twenty clients put things into one cart, each in its own
// request. Django has stored more in the cart than the program knows.
func TestEditLosesNothing(t *testing.T) {
	for name, ser := range map[string]serializer.Serializer{"JSON": serializer.JSON{}, "pickle": pickle.Serializer{}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(set *djsession.Settings) { set.Serializer = ser })
			book := serializer.NewDict(item("sku", "book"), item("qty", int64(1)), item("gift", true))
			wish := serializer.NewDict(item("times", int64(0)), item("since", "May"))
			key := w.put(item("cart", serializer.NewDict(item("currency", "EUR"),
				item("lines", []any{book}), item("wishes", serializer.NewDict(item("pen", wish))))))
			const clients = 20
			var all sync.WaitGroup
			for i := range clients {
				all.Go(func() {
					res := w.get(key, func(_ http.ResponseWriter, r *http.Request) {
						err := djsession.Edit(w.session(r), "cart", func(c *cart) error {
							c.Lines[0].Qty++
							c.Lines = append(c.Lines, cartLine{fmt.Sprintf("pen %d", i), 1})
							c.Wishes["pen"] = wished{c.Wishes["pen"].Times + 1}
							return nil
						})
						if err != nil {
							t.Error(err)
						}
					})
					if res.StatusCode != http.StatusOK {
						t.Errorf("status %d", res.StatusCode)
					}
				})
			}
			all.Wait()
			s, err := w.m.Open(t.Context(), key)
			must(t, err)
			c, err := djsession.Value(s, "cart", cart{})
			must(t, err)
			if len(c.Lines) != 1+clients || c.Lines[0].Qty != 1+clients || c.Wishes["pen"].Times != clients {
				t.Errorf("something is lost: %v", c)
			}
			type known struct {
				Currency string           `json:"currency"`
				Lines    []map[string]any `json:"lines"`
				Wishes   map[string]struct {
					Since string `json:"since"`
				} `json:"wishes"`
			}
			rest, err := djsession.Value(s, "cart", known{})
			must(t, err)
			if rest.Currency != "EUR" || rest.Lines[0]["gift"] != true || rest.Wishes["pen"].Since != "May" {
				t.Errorf("what Django stored is lost: %v", rest)
			}
		})
	}
}

// TestEditFails checks that a failed Edit changes nothing, at once or after a conflict.
func TestEditFails(t *testing.T) {
	w := newWorld(t)
	key := w.put(item("n", int64(1)), item("text", "a"))
	s, err := w.m.Open(t.Context(), key)
	must(t, err)
	sorry := errors.New("sorry")
	err = djsession.Edit(s, "n", func(n *int) error { *n = 7; return sorry })
	if !errors.Is(err, sorry) || s.Modified() {
		t.Errorf("got error %v, modified %v", err, s.Modified())
	}
	if err := djsession.Edit(s, "text", func(*int) error { return nil }); !errors.Is(err, serializer.ErrType) || s.Modified() {
		t.Errorf("another type: got error %v, modified %v", err, s.Modified())
	}
	must(t, djsession.Edit(s, "n", func(n *int) error {
		if *n++; *n > 2 {
			return sorry
		}
		return nil
	}))
	other, err := w.m.Open(t.Context(), key)
	must(t, err)
	must(t, djsession.Edit(other, "n", func(n *int) error { *n++; return nil }))
	must(t, other.Save(t.Context()))
	if err := s.Save(t.Context()); !errors.Is(err, sorry) {
		t.Errorf("at a conflict: got error %v", err)
	}
	if got, want := w.stored(key), `{"n":2,"text":"a"}`; got != want {
		t.Errorf("stored %s, want %s", got, want)
	}
}

// TestOddKeys counts the keys of a session that Django pickled.
func TestOddKeys(t *testing.T) {
	w := newWorld(t, func(set *djsession.Settings) { set.Serializer = pickle.Serializer{} })
	s, err := w.m.Open(t.Context(), w.put(serializer.Item{Key: int64(1), Value: "one"}, item("a", "x"), serializer.Item{Key: serializer.Tuple{}, Value: int64(2)}, item("b", "y")))
	must(t, err)
	keys, values := slices.Collect(s.Keys()), slices.Collect(s.Values())
	if got := fmt.Sprint(keys, values); got != "[a b] [x y]" || s.Len() != 2 {
		t.Errorf("got %s, Len %d", got, s.Len())
	}
	for k, v := range s.Items() {
		keys, values = append(keys, k), append(values, v)
	}
	must(t, s.Update(func(tx *djsession.Tx) error { keys = slices.AppendSeq(keys, tx.Keys()); return nil }))
	if got := fmt.Sprint(keys, values); got != "[a b a b a b] [x y x y]" || s.Dict().Len() != 4 {
		t.Errorf("with Items and Tx got %s, Dict %d", got, s.Dict().Len())
	}
	only, err := w.m.Open(t.Context(), w.put(serializer.Item{Key: int64(1), Value: "one"}))
	must(t, err)
	if only.Len() != 0 || only.IsEmpty() {
		t.Errorf("with no other key: Len %d, empty %v", only.Len(), only.IsEmpty())
	}
}

// TestCommitTwice checks that the second Commit returns the error of the first. The
// handler knows the error, and answers itself.
func TestCommitTwice(t *testing.T) {
	w := newWorld(t)
	w.store.fail("create", djsession.Unavailable("create", errors.New("down")))
	res := w.get("", func(rw http.ResponseWriter, r *http.Request) {
		must(t, w.session(r).Set("a", 1))
		for range 3 {
			if err := w.m.Commit(rw, r); !errors.Is(err, djsession.ErrUnavailable) {
				t.Errorf("got error %v", err)
			}
		}
		rw.WriteHeader(http.StatusTeapot)
	})
	if res.StatusCode != http.StatusTeapot || len(res.Header["Set-Cookie"]) != 0 {
		t.Errorf("got status %d, cookies %q", res.StatusCode, res.Header["Set-Cookie"])
	}

	// The same after the response has begun.
	rec, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	w.m.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		must(t, w.session(r).Set("a", 1))
		rw.WriteHeader(http.StatusOK)
		if err := w.m.Commit(rw, r); !errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("after the beginning: got error %v", err)
		}
	})).ServeHTTP(rec, r)
	if rec.Code != http.StatusServiceUnavailable {
		t.Errorf("got status %d", rec.Code)
	}
}
