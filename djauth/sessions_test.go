package djauth_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cookiestore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// disturbed is a Store in whose walks and deletes something happens.
type disturbed struct {
	djsession.Store
	list   func(walk int, l djsession.Listed) error // before l is yielded
	delete func(key string) error
	walks  int
}

func (s *disturbed) List(ctx context.Context, cursor string) iter.Seq2[djsession.Listed, error] {
	s.walks++
	walk := s.walks
	return func(yield func(djsession.Listed, error) bool) {
		for l, err := range s.Store.(djsession.Lister).List(ctx, cursor) {
			if err == nil && s.list != nil {
				err = s.list(walk, l)
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

func (s *disturbed) Delete(ctx context.Context, key string, seen djsession.Version) error {
	if s.delete != nil {
		if err := s.delete(key); err != nil {
			return err
		}
	}
	return s.Store.Delete(ctx, key, seen)
}

// over returns an Auth of the world's accounts whose sessions are in store.
func (w *world) over(store djsession.Store) *djauth.Auth {
	w.t.Helper()
	a, err := djauth.New(djsession.New(store), w.people, plain{}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// as is what a session of another user holds.
func (w *world) as(id any) []serializer.Item { return w.login(item(djauth.SessionKey, id)) }

// left counts the sessions in the store whose user id is id, by a full comparison.
func (w *world) left(id string) (keys []string) {
	w.t.Helper()
	for l, err := range w.store.List(w.t.Context(), "") {
		if err != nil {
			w.t.Fatal(err)
		}
		if l.Err == nil {
			if v, _ := l.Record.Data.Get(djauth.SessionKey); v == id {
				keys = append(keys, l.Key())
			}
		}
	}
	return keys
}

// put10000 stores sessions of many users and of nobody. 100 are ada's, whose keys it returns.
func (w *world) put10000() (hers []string) {
	for i := range 10_000 {
		switch {
		case i%100 == 0:
			hers = append(hers, w.put(w.as("1")...))
		case i%3 == 0:
			w.put(item("cart", int64(i)))
		default:
			w.put(w.as(fmt.Sprint(2 + i%50))...)
		}
	}
	return hers
}

// TestEndSessionsConcurrent: others log in and cycle keys while a user is logged out
// everywhere. Each of the user's keys is cycled once at most, so none may be missed.
func TestEndSessionsConcurrent(t *testing.T) {
	w := newWorld(t)
	hers := w.put10000()
	kept := hers[7]
	ctx := t.Context()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	logins := 0
	wg.Go(func() {
		for range 2000 {
			select {
			case <-stop:
				return
			default:
			}
			w.put(w.as("2")...)
			logins++
			time.Sleep(50 * time.Microsecond)
		}
	})
	keys := slices.Clone(hers)
	rand.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	wg.Go(func() {
		for _, key := range keys {
			if key == kept {
				continue
			}
			s, err := w.m.Open(ctx, key)
			if errors.Is(err, djsession.ErrNotFound) {
				continue
			}
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.CycleKey(); err != nil {
				t.Error(err)
			}
			if err := s.Save(ctx); err != nil && !errors.Is(err, djsession.ErrInterrupted) {
				t.Error(err)
			}
		}
	})
	before := len(w.left("2"))
	n, err := w.auth.EndSessions(ctx, "1", kept)
	close(stop)
	wg.Wait()
	// For a moment a session that memstore cycles is under both keys, and both may be deleted.
	if err != nil || n < int64(len(hers)-1) || n > int64(2*len(hers)) {
		t.Errorf("got %d, %v, want %d", n, err, len(hers)-1)
	}
	if left := w.left("1"); len(left) != 1 || left[0] != kept {
		t.Errorf("%d sessions are left, want the one that was excepted", len(left))
	}
	if got := len(w.left("2")); got < before || got > before+logins {
		t.Errorf("the other user had %d sessions and %d logins, and has %d now", before, logins, got)
	}
	found, err := w.auth.Sessions(ctx, "1")
	if err != nil || len(found) != 1 || found[0].Key() != kept || !found[0].Expires.Equal(now.Add(time.Hour)) {
		t.Errorf("Sessions: got %v, %v", found, err)
	}
}

// TestEndSessionsBehind: a walk passes by a session whose key is cycled to where the walk
// has been. A program that walks once misses it.
func TestEndSessionsBehind(t *testing.T) {
	for when := range 4 { // the key is cycled in one walk, or never
		for _, others := range []int{0, 3} {
			w := newWorld(t)
			ctx := t.Context()
			for range 50 {
				w.put(w.as("2")...)
			}
			record := &djsession.Record{Data: serializer.NewDict(w.login()...), Expires: now.Add(time.Hour)}
			const ahead, behind = "zzzzzzzzzzzzzzzz", "0000000000000000"
			if _, err := w.store.Create(ctx, ahead, record); err != nil {
				t.Fatal(err)
			}
			for range others {
				w.put(w.login()...)
			}
			store := &disturbed{Store: w.store}
			store.list = func(walk int, _ djsession.Listed) error {
				if walk == when && w.store.Delete(ctx, ahead, djsession.Force) == nil {
					if _, err := w.store.Create(ctx, behind, record); err != nil {
						t.Error(err)
					}
				}
				return nil
			}
			n, err := w.over(store).EndSessions(ctx, "1")
			if err != nil || n != int64(1+others) || len(w.left("1")) != 0 {
				t.Errorf("cycled in walk %d, beside %d others: got %d, %v, and %d left", when, others, n, err, len(w.left("1")))
			}
		}
	}
}

// TestEndSessionsEndless: a user who logs in again in each walk does not hold it forever.
func TestEndSessionsEndless(t *testing.T) {
	w := newWorld(t)
	w.put(w.login()...)
	last := 0
	store := &disturbed{Store: w.store}
	store.list = func(walk int, _ djsession.Listed) error {
		if walk > last {
			last = walk
			w.put(w.login()...)
		}
		return nil
	}
	if n, err := w.over(store).EndSessions(t.Context(), "1"); !errors.Is(err, djsession.ErrConflict) || n < 10 {
		t.Errorf("got %d, %v, want ErrConflict", n, err)
	}
}

// TestSessionsWhose says which sessions are a user's.
func TestSessionsWhose(t *testing.T) {
	const id = "0123abcd-4567-89ab-cdef-0123456789ab"
	for _, tt := range []struct {
		name  string
		kind  djauth.IDKind
		user  string
		value any
		want  bool
	}{
		{"a number", djauth.IntegerID, "7", "7", true},
		{"another", djauth.IntegerID, "7", "70", false},
		{"zeros", djauth.IntegerID, "7", "007", true},
		{"asked with zeros", djauth.IntegerID, " 007 ", "7", true},
		{"other digits", djauth.IntegerID, "7", "٧", true},
		{"a number of a pickle", djauth.IntegerID, "7", int64(7), true},
		{"none", djauth.IntegerID, "7", nil, false},
		{"no id at all", djauth.IntegerID, "7", remove, false},
		{"no number", djauth.IntegerID, "7", "seven", false},
		{"a text", djauth.TextID, "007", "007", true},
		{"a text is no number", djauth.TextID, "7", "007", false},
		{"capitals", djauth.TextID, "ada", "Ada", false},
		{"a UUID", djauth.UUIDID, id, id, true},
		{"a UUID without dashes", djauth.UUIDID, strings.ReplaceAll(id, "-", ""), strings.ToUpper(id), true},
	} {
		w := newWorld(t, func(p *people) { p.kind = tt.kind })
		key := w.put(w.as(tt.value)...)
		found, err := w.auth.Sessions(t.Context(), tt.user)
		if err != nil || len(found) > 0 != tt.want {
			t.Errorf("%s: Sessions: got %d, %v", tt.name, len(found), err)
		}
		n, err := w.auth.EndSessions(t.Context(), tt.user)
		if err != nil || n > 0 != tt.want || w.dict(key) == nil != tt.want {
			t.Errorf("%s: EndSessions: got %d, %v, and it is there: %t", tt.name, n, err, w.dict(key) != nil)
		}
	}
}

// TestSessionsOdd: what is no good login is a session of the user all the same, and what
// does not decode is left alone and told of.
func TestSessionsOdd(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.put(w.login(item(djauth.HashSessionKey, "unfit"))...)
	w.put(w.login(item(djauth.BackendSessionKey, "shop.Own"))...)
	w.put(item(djauth.SessionKey, "1"))
	past := w.site.NewKey()
	if _, err := w.store.Create(ctx, past, &djsession.Record{Data: serializer.NewDict(w.login()...), Expires: now.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if found, err := w.auth.Sessions(ctx, "1"); err != nil || len(found) != 3 {
		t.Errorf("Sessions: got %d, %v, want 3", len(found), err)
	}
	broken := w.put(w.login()...)
	w.store.Put(broken, elsewhere(t, "another key", "", w.login()...), now.Add(time.Hour))
	found, err := w.auth.Sessions(ctx, "1")
	if !errors.Is(err, djsession.ErrCorrupt) || len(found) != 3 {
		t.Errorf("Sessions beside one that does not decode: got %d, %v", len(found), err)
	}
	n, err := w.auth.EndSessions(ctx, "1")
	if !errors.Is(err, djsession.ErrCorrupt) || n != 3 {
		t.Errorf("EndSessions: got %d, %v, want 3 and ErrCorrupt", n, err)
	}
	var keys []string
	for l := range w.store.List(ctx, "") {
		keys = append(keys, l.Key())
	}
	if !slices.Equal(keys, []string{broken}) {
		t.Errorf("%d are left, want the one that does not decode", len(keys))
	}
}

// elsewhere returns a session that a site with another key, or of another version, wrote.
func elsewhere(t *testing.T, key, django string, items ...serializer.Item) string {
	t.Helper()
	set := djsession.Settings{Keys: signer.SecretKey(key), Now: func() time.Time { return now }}
	if django != "" {
		var err error
		if set.Django, err = djsession.ParseDjangoVersion(django); err != nil {
			t.Fatal(err)
		}
	}
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	text, err := site.Encode(serializer.NewDict(items...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestSessionsJunk says beside which rows that do not decode a user is surely logged out.
func TestSessionsJunk(t *testing.T) {
	w := newWorld(t)
	hers, his, nobodys := w.login(), w.as("2"), []serializer.Item{item("cart", int64(1))}
	many := item("more", strings.Repeat("compressed ", 50))
	signed := func(items ...serializer.Item) string { return elsewhere(t, "another key", "", items...) }
	for _, tt := range []struct {
		name, text string
		junk       bool
	}{
		{"nothing", "", true},
		{"a word", "junk", true},
		{"a word in base64", base64.StdEncoding.EncodeToString([]byte("junk:junk")), true},
		{"a signature that is cut off", signed(hers...)[:len(signed(hers...))-3], true},
		{"another key", signed(hers...), false},
		{"another key, compressed", signed(append(hers, many)...), false},
		{"another key, of another user", signed(his...), true},
		{"another key, of another user, compressed", signed(append(his, many)...), true},
		{"another key, of nobody", signed(nobodys...), true},
		{"another key, and no JSON", base64.RawURLEncoding.EncodeToString([]byte("no JSON")) + signed(hers...)[strings.Index(signed(hers...), ":"):], false},
		{"another key, and no base64", "!" + signed(his...), false},
		{"before 3.1", elsewhere(t, "another key", "2.2", hers...), false},
		{"before 3.1, with other characters", "-" + elsewhere(t, "another key", "2.2", hers...), false},
		{"before 3.1, with a colon", elsewhere(t, "another key", "2.2", hers...) + ":", false},
		{"before 3.1, of another user", elsewhere(t, "another key", "2.2", his...), true},
		{"before 3.1, under this key", elsewhere(t, secret, "2.2", hers...), false},
		{"before 3.1, under this key, of another user", elsewhere(t, secret, "2.2", his...), true},
	} {
		w := newWorld(t)
		w.put(hers...)
		row := w.put(nobodys...)
		w.store.Put(row, tt.text, now.Add(time.Hour))
		check := func(what string, n int, err error) {
			if tt.junk != (err == nil) || err != nil && !errors.Is(err, djsession.ErrCorrupt) || n != 1 {
				t.Errorf("%s: %s: got %d, %v", tt.name, what, n, err)
			}
		}
		found, err := w.auth.Sessions(t.Context(), "1")
		check("Sessions", len(found), err)
		w.put(nobodys...)
		n, err := w.auth.EndSessions(t.Context(), "1")
		check("EndSessions", int(n), err)
		if _, _, err := w.store.Load(t.Context(), row); !errors.Is(err, djsession.ErrCorrupt) {
			t.Errorf("%s: the row: %v, want it left", tt.name, err)
		}
	}
	// Where nothing decodes, the program may have no key of the site at all, or another
	// format than the site.
	w.store.Put(w.put(nobodys...), "junk", now.Add(time.Hour))
	if n, err := w.auth.EndSessions(t.Context(), "1"); n != 0 || !errors.Is(err, djsession.ErrCorrupt) {
		t.Errorf("where nothing decodes: got %d, %v, want ErrCorrupt", n, err)
	}
}

// TestEndSessionsOther: a session that changes between the walk and the delete is looked at
// again.
func TestEndSessionsOther(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after any
		want  int64
	}{{"another user logs in", "2", 0}, {"the user goes on", "1", 1}, {"the user logs out", remove, 0}} {
		w := newWorld(t)
		key := w.put(w.login()...)
		store := &disturbed{Store: w.store}
		store.delete = func(string) error {
			store.delete = nil
			r := &djsession.Record{Data: serializer.NewDict(w.as(tt.after)...), Expires: now.Add(time.Hour)}
			r.Data = r.Data.With("more", int64(1))
			_, err := w.store.Update(t.Context(), key, r, djsession.Force)
			return err
		}
		n, err := w.over(store).EndSessions(t.Context(), "1")
		if err != nil || n != tt.want || (w.dict(key) == nil) != (tt.want == 1) {
			t.Errorf("%s: got %d, %v, and it is there: %t", tt.name, n, err, w.dict(key) != nil)
		}
	}
}

// TestEndSessionsDown: an outage is an error at each place, and never "none".
func TestEndSessionsDown(t *testing.T) {
	down := djsession.Unavailable("reach the store", errors.New("down"))
	for name, disturb := range map[string]func(*disturbed){
		"the walk begins": func(s *disturbed) { s.list = func(int, djsession.Listed) error { return down } },
		"the second walk": func(s *disturbed) {
			s.list = func(walk int, _ djsession.Listed) error {
				if walk == 2 {
					return down
				}
				return nil
			}
		},
		"a delete": func(s *disturbed) { s.delete = func(string) error { return down } },
	} {
		w := newWorld(t)
		w.put(w.login()...)
		w.put(w.as("2")...)
		store := &disturbed{Store: w.store}
		disturb(store)
		if n, err := w.over(store).EndSessions(t.Context(), "1"); !errors.Is(err, djsession.ErrUnavailable) {
			t.Errorf("%s: got %d, %v, want ErrUnavailable", name, n, err)
		}
	}
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.put(w.login()...)
	if _, err := w.auth.EndSessions(ctx, "1"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context has ended: got %v", err)
	}
	if _, err := w.auth.Sessions(ctx, "1"); !errors.Is(err, context.Canceled) {
		t.Errorf("Sessions after the context has ended: got %v", err)
	}
}

// listless is a Store that cannot list.
type listless struct{ djsession.Store }

// TestSessionsUnsupported: what cannot be done is said.
func TestSessionsUnsupported(t *testing.T) {
	w := newWorld(t)
	sealer, err := cookiestore.New(w.site, nil)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := djauth.New(djsession.NewSealed(sealer), w.people, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		auth *djauth.Auth
		user string
		want error
		text string
	}{
		"signed_cookies":        {sealed, "1", errors.ErrUnsupported, "cookies"},
		"an engine without it":  {w.over(listless{w.store}), "1", errors.ErrUnsupported, "cannot list"},
		"no id of a user":       {w.auth, "ada", djauth.ErrUserID, "malformed"},
		"an id of no user (ok)": {w.auth, "99", nil, ""},
	} {
		n, err := tt.auth.EndSessions(t.Context(), tt.user)
		_, wrong := tt.auth.Sessions(t.Context(), tt.user)
		for _, err := range []error{err, wrong} {
			if !errors.Is(err, tt.want) || tt.want != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if n != 0 {
			t.Errorf("%s: got %d", name, n)
		}
	}
}

// TestSessionsShowNoKey: no text has a key.
func TestSessionsShowNoKey(t *testing.T) {
	w := newWorld(t)
	key := w.put(w.login()...)
	w.store.Put(w.put(w.login()...), "no session", now.Add(time.Hour))
	found, err := w.auth.Sessions(t.Context(), "1")
	if len(found) != 1 || found[0].Key() != key {
		t.Fatalf("got %d sessions", len(found))
	}
	_, ended := w.auth.EndSessions(t.Context(), "1")
	for _, text := range []string{fmt.Sprint(found, err, ended), fmt.Sprintf("%+v %#v %q", found, found, found), w.log.String()} {
		if strings.Contains(text, key) {
			t.Errorf("a key shows")
		}
	}
}
