package cookiestore_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cookiestore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// now is when the fixtures were written, and what the tests take for the time.
var now = time.Unix(1700000000, 0).UTC()

func newSealer(t testing.TB, change func(*djsession.Settings)) (*djsession.Site, *cookiestore.Sealer) {
	t.Helper()
	set := djsession.Settings{Keys: signer.SecretKey("fixtures-key"), Now: func() time.Time { return now }}
	if change != nil {
		change(&set)
	}
	site, err := djsession.NewSite(set)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cookiestore.New(site, nil)
	if err != nil {
		t.Fatal(err)
	}
	return site, s
}

// vector is a line of what fixtures/gen/signed_cookies.py wrote.
type vector struct{ Name, JSON, Cookie string }

func vectors(t testing.TB, version string) (all []vector) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "django"+version+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if err := lines.Err(); err != nil || len(all) < 15 {
		t.Fatalf("%d vectors, %v", len(all), err)
	}
	return all
}

// TestFixtures reads the cookies of every Django and writes the same.
func TestFixtures(t *testing.T) {
	for _, version := range []string{"1.8", "1.11", "2.2", "3.2", "4.2", "5.2", "6.1"} {
		t.Run(version, func(t *testing.T) {
			django, err := djsession.ParseDjangoVersion(version)
			if err != nil {
				t.Fatal(err)
			}
			_, s := newSealer(t, func(set *djsession.Settings) { set.Django = django })
			for _, v := range vectors(t, version) {
				r, err := s.Unseal(v.Cookie)
				if err != nil {
					t.Errorf("%s: Unseal: %v", v.Name, err)
					continue
				}
				if got, _ := (serializer.JSON{}).Dumps(nil, r.Data); string(got) != v.JSON {
					t.Errorf("%s: Unseal gives\n%s, want\n%s", v.Name, got, v.JSON)
				}
				if want := now.Add(14 * 24 * time.Hour); !r.Expires.Equal(want) {
					t.Errorf("%s: Expires = %v, want %v", v.Name, r.Expires, want)
				}
				d, err := serializer.JSON{}.Loads([]byte(v.JSON))
				if err != nil {
					t.Fatal(err)
				}
				if got, err := s.Seal(&djsession.Record{Data: d}); err != nil || got != v.Cookie {
					t.Errorf("%s: Seal gives\n%s, %v, want\n%s", v.Name, got, err, v.Cookie)
				}
			}
		})
	}
}

// TestSHA1 reads what older Djangos signed as Django 3.1 and 3.2 do, and 4.0 does not.
func TestSHA1(t *testing.T) {
	old := vectors(t, "2.2")[1].Cookie
	v32, _ := djsession.ParseDjangoVersion("3.2")
	_, s := newSealer(t, func(set *djsession.Settings) { set.Django = v32 })
	if _, err := s.Unseal(old); err != nil {
		t.Errorf("Django 3.2: %v", err)
	}
	_, s = newSealer(t, nil)
	if _, err := s.Unseal(old); !errors.Is(err, djsession.ErrCorrupt) || !errors.Is(err, signer.ErrBadSignature) {
		t.Errorf("Django 4.0 and later: %v, want ErrCorrupt and ErrBadSignature", err)
	}
	_, s = newSealer(t, func(set *djsession.Settings) { set.Django, set.LegacyHashing = v32, true })
	r, err := s.Unseal(old)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Seal(r); got != old || err != nil {
		t.Errorf("DEFAULT_HASHING_ALGORITHM = sha1: %s, %v, want what Django 2.2 writes", got, err)
	}
}

func TestUnsealRefuses(t *testing.T) {
	site, s := newSealer(t, nil)
	good := vectors(t, "5.2")[1].Cookie
	session, err := site.Encode(serializer.NewDict(serializer.Item{Key: "visits", Value: int64(7)}))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		why, text string
		err       error
	}{
		{"nothing", "", signer.ErrBadSignature},
		{"the key of another engine", "abcdefghijklmnopqrstuvwxyz012345", signer.ErrNoSeparator},
		{"the salt of another engine", session, signer.ErrBadSignature},
		{"a changed payload", "x" + good, signer.ErrBadSignature},
		{"a changed signature", good[:len(good)-1] + "x", signer.ErrBadSignature},
	} {
		_, err := s.Unseal(test.text)
		if !errors.Is(err, djsession.ErrCorrupt) || !errors.Is(err, test.err) {
			t.Errorf("%s: %v, want ErrCorrupt and %v", test.why, err, test.err)
		}
		if err != nil && test.text != "" && strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: the error tells the cookie", test.why)
		}
	}
}

// TestExpires: the age of the cookie ends it, as in Django, and to the same second.
func TestExpires(t *testing.T) {
	cookie := vectors(t, "5.2")[1].Cookie
	for _, test := range []struct {
		after time.Duration
		err   error
	}{
		{0, nil},
		{time.Hour, nil},
		{time.Hour + time.Microsecond, djsession.ErrExpired},
	} {
		_, s := newSealer(t, func(set *djsession.Settings) {
			set.CookieAge = time.Hour
			set.Now = func() time.Time { return now.Add(test.after) }
		})
		if _, err := s.Unseal(cookie); !errors.Is(err, test.err) {
			t.Errorf("after %v: %v, want %v", test.after, err, test.err)
		}
	}
}

// TestTooLarge: what a browser would drop is refused, to the byte.
func TestTooLarge(t *testing.T) {
	_, s := newSealer(t, func(set *djsession.Settings) { set.CookieDomain, set.CookieSecure = "example.com", true })
	m := djsession.NewSealed(s)
	random := rand.New(rand.NewPCG(1, 2)) // so that compression does not help
	text := make([]byte, 4000)
	for i := range text {
		text[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[random.IntN(64)]
	}
	longest := 0
	for n := 2000; n < len(text); n += 5 {
		w := httptest.NewRecorder()
		m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, err := djsession.Load(r.Context())
			if err != nil {
				t.Fatal(err)
			}
			session.Set("text", string(text[:n]))
		})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		cookie := w.Header().Get("Set-Cookie")
		if w.Code == http.StatusOK {
			longest = max(longest, len(cookie))
			continue
		}
		if cookie != "" || w.Code != http.StatusInternalServerError {
			t.Errorf("refused with %d and the cookie of %d bytes", w.Code, len(cookie))
		}
		break
	}
	if longest > cookiestore.DefaultMaxSize || longest < cookiestore.DefaultMaxSize-40 {
		t.Errorf("the longest cookie has %d bytes, want about %d", longest, cookiestore.DefaultMaxSize)
	}
}

// TestNoKey: derived keys for another salt cannot seal.
func TestNoKey(t *testing.T) {
	derived, err := signer.SecretKey("k").Derive(signer.KeySalt("django.contrib.sessions.SessionStore"), signer.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signer.DerivedKeys(derived...)
	if err != nil {
		t.Fatal(err)
	}
	site, err := djsession.NewSite(djsession.Settings{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cookiestore.New(site, nil); !errors.Is(err, djsession.ErrConfig) || !errors.Is(err, signer.ErrNoKey) {
		t.Errorf("New: %v, want ErrConfig and ErrNoKey", err)
	}
}
