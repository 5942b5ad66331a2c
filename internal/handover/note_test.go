package handover

import (
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

const aKey = "abcdefghijklmnopqrstuvwxyz012345"

func sample() *djsession.Record {
	return &djsession.Record{Expires: time.Unix(1_800_000_000, 0), Data: serializer.NewDict(
		serializer.Item{Key: "_auth_user_id", Value: "1"},
		serializer.Item{Key: "member_id", Value: int64(7)},
		serializer.Item{Key: "_session_expiry", Value: int64(300)},
		serializer.Item{Key: int64(5), Value: "a key that is no text"},
		serializer.Item{Key: "cart", Value: []any{"a", map[string]any{"b": nil}}},
	)}
}

func text(t *testing.T, d *serializer.Dict) string {
	t.Helper()
	b, err := pickle.Serializer{}.Dumps(nil, d)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestHide: a claim has no name of the session but that of its expiry, and loses nothing.
func TestHide(t *testing.T) {
	r := sample()
	n := newClaim(time.Now())
	h := hide(aKey, r, n)
	for k := range h.Data.Keys() {
		if name, ok := k.(string); ok && name != expiryName && !strings.HasPrefix(name, noteName) {
			t.Errorf("a claim has %q", name)
		}
	}
	if got, ok := noteOf(aKey, h.Data); !ok || got != n {
		t.Errorf("noteOf = %v, %t, want %v", got, ok, n)
	}
	if got, want := text(t, show(h).Data), text(t, r.Data); got != want {
		t.Errorf("show(hide) = %q, want %q", got, want)
	}
	if !show(h).Expires.Equal(r.Expires) {
		t.Error("the expiry is another")
	}
	if b := bare(aKey, h, n.as(committed)); b.Data.Len() != 2 || !Noted(aKey, b) {
		t.Errorf("a committed note has %d names", b.Data.Len())
	}
}

// TestNoteCounts: a note counts only under its key, and not beside a login.
func TestNoteCounts(t *testing.T) {
	n := newClaim(time.Now())
	h := hide(aKey, sample(), n)
	for _, tt := range []struct {
		name, key string
		data      *serializer.Dict
		want      bool
	}{
		{"a claim", aKey, h.Data, true},
		{"what Django has added", aKey, h.Data.With("_language", "de"), true},
		{"copied to a new key by Django's login", "z" + aKey[1:], h.Data, false},
		{"beside a login", aKey, h.Data.With("_auth_user_id", "2"), false},
		{"another version", aKey, h.Data.With(noteName, "2"+n.text(aKey)[1:]), false},
		{"another word", aKey, h.Data.With(noteName, strings.Replace(n.text(aKey), "claim", "other", 1)), false},
		{"no time", aKey, h.Data.With(noteName, "1 claim id x "+keyHash(aKey)), false},
		{"no text", aKey, h.Data.With(noteName, int64(1)), false},
		{"a session", aKey, sample().Data, false},
	} {
		r := &djsession.Record{Data: tt.data}
		if got := Noted(tt.key, r); got != tt.want {
			t.Errorf("%s: Noted = %t, want %t", tt.name, got, tt.want)
		}
		if tt.want {
			continue
		}
		for k := range Clean(r).Data.Keys() {
			if name, _ := k.(string); strings.HasPrefix(name, noteName) {
				t.Errorf("%s: Clean leaves %q", tt.name, name)
			}
		}
	}
}

// TestShowKeepsAdditions: what Django has added stays, unless the session has the name.
func TestShowKeepsAdditions(t *testing.T) {
	h := hide(aKey, sample(), newClaim(time.Now()))
	h.Data = h.Data.With("_language", "de").With("member_id", int64(8))
	d := show(h).Data
	if v, _ := d.Get("_language"); v != "de" {
		t.Errorf("_language = %v", v)
	}
	if v, _ := d.Get("member_id"); v != int64(7) {
		t.Errorf("member_id = %v, want that of the session", v)
	}
}

// A session that was read from a pickle is still known as one, and is not written as it was
// read.
func TestHidePickle(t *testing.T) {
	d, err := pickle.Serializer{}.Loads([]byte(text(t, sample().Data)))
	if err != nil {
		t.Fatal(err)
	}
	r := &djsession.Record{Data: d, Expires: sample().Expires}
	back, err := pickle.Serializer{}.Loads([]byte(text(t, hide(aKey, r, newClaim(time.Now())).Data)))
	if err != nil {
		t.Fatal(err)
	}
	if back.Has("_auth_user_id") || !Noted(aKey, &djsession.Record{Data: back}) {
		t.Error("a claim of a pickle is the session")
	}
	if got := text(t, show(&djsession.Record{Data: back}).Data); got != text(t, d) {
		t.Errorf("got %q", got)
	}
}
