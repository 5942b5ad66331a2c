package unverified_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
	"github.com/go-djsession/go-djsession/internal/unverified"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

func TestMain(m *testing.M) { os.Exit(testserver.Run(m)) }

const key = "the key of another site"

// signed returns what a Django of this version stores for a user; "" is nobody.
func signed(t testing.TB, version, user, more string) string {
	t.Helper()
	v, err := djsession.ParseDjangoVersion(version)
	if err != nil {
		t.Fatal(err)
	}
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(key), Django: v, Now: func() time.Time { return time.Unix(1782000000, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	d := serializer.NewDict(serializer.Item{Key: "more", Value: more})
	if user != "" {
		d = d.With("_auth_user_id", user)
	}
	text, err := site.Encode(d)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// whose returns the user in a text, whatever key signed it. ok is false if that is not known.
func whose(text string) (user string, ok bool) {
	d, err := unverified.Wrap(text, signer.ErrBadSignature).Dict(serializer.JSON{}, signer.Limits{})
	if err != nil {
		return "", errors.Is(err, unverified.ErrNobody)
	}
	v, _ := d.Get("_auth_user_id")
	user, _ = serializer.Text(v)
	return user, true
}

// TestDict reads what each format says, without the key.
func TestDict(t *testing.T) {
	for _, version := range []string{"2.2", "3.2", "5.2"} {
		for _, user := range []string{"1", "2", ""} {
			for _, more := range []string{"", strings.Repeat("compressed ", 100)} {
				if got, ok := whose(signed(t, version, user, more)); got != user || !ok {
					t.Errorf("Django %s: got %q, %t, want %q", version, got, ok, user)
				}
			}
		}
	}
	for _, junk := range []string{"", "junk", ":", "::", "a:b:c", "=", base64.StdEncoding.EncodeToString([]byte("junk:junk")), strings.Repeat("a:", 100)} {
		if user, ok := whose(junk); user != "" || !ok {
			t.Errorf("%q: got %q, %t, want nobody", junk, user, ok)
		}
	}
	err := unverified.Wrap("text", signer.ErrBadSignature)
	if !errors.Is(err, signer.ErrBadSignature) || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "text\"") {
		t.Errorf("got %#v", err)
	}
}

// TestDjango changes texts in many ways. What Django reads from them, under the key that
// signed them, is never user 1 where this package is sure that it is another user or nobody.
func TestDjango(t *testing.T) {
	var texts []string
	add := func(text string) { texts = append(texts, text) }
	for _, version := range []string{"2.2", "5.2"} {
		for _, more := range []string{"x", strings.Repeat("compressed ", 20)} {
			text := signed(t, version, "1", more)
			add(signed(t, version, "2", more))
			for i := 0; i <= len(text); i += 1 + i/60 {
				add(text[:i])
				add(text[i:])
				for _, c := range []string{":", "=", "==", "-", "_", ".", "!", " ", "\n", "A", "é", "::"} {
					add(text[:i] + c + text[i:])
					if i < len(text) {
						add(text[:i] + c + text[i+1:])
					}
				}
			}
		}
	}
	sure := make([]string, len(texts)) // a user, or "?"
	for i, text := range texts {
		user, ok := whose(text)
		if sure[i] = user; !ok {
			sure[i] = "?"
		}
	}
	for _, version := range []string{"1.11", "2.2", "3.2", "4.2", "5.2"} {
		d := django.Start(t, django.Site{Version: version, Settings: django.Args{"SECRET_KEY": key, "SESSION_ENGINE": "django.contrib.sessions.backends.file"}, Code: `
def do_whose(texts):
    from django.contrib.sessions.backends.file import SessionStore
    def one(text):
        try:
            return SessionStore().decode(text).get('_auth_user_id')
        except Exception:
            return None
    return [one(text) for text in texts]
`})
		var got []any
		d.Call(t, "whose", django.Args{"texts": texts}, &got)
		hers, known := 0, 0
		for i, user := range got {
			if user == "1" {
				hers++
				if sure[i] != "1" && sure[i] != "?" {
					t.Errorf("Django %s reads user 1 from %q, and Go is sure of %q", version, texts[i], sure[i])
				}
			}
			if sure[i] != "?" {
				known++
			}
		}
		if hers < 2 || known < len(texts)/4 {
			t.Errorf("Django %s: of %d texts %d are user 1's, and of %d it is known whose they are", version, len(texts), hers, known)
		}
	}
}
