package djsession_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/fixtures"
	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// stricter names the vectors that a Django reads and this package refuses, with the
// reason.
var stricter = map[string]string{
	"decode/legacy/bad-nul":           notBase64,
	"decode/legacy/bad-newline":       notBase64,
	"decode/legacy/bad-non-ascii":     notBase64,
	"decode/legacy/bad-leading-space": notBase64,
	"decode/legacy/bad-quoted":        notBase64,
	"decode/legacy/bad-twice":         notBase64,
	"decode/legacy/odd-spaces":        notBase64,
	"decode/legacy/odd-padding-more":  notBase64,
	"decode/legacy/odd-trailing":      notBase64,
}

const notBase64 = "Python skips what is not base64: then a changed text has a good signature"

// fixtureSite returns the Site of a vector.
func fixtureSite(t *testing.T, set string, in fixtures.SessionIn) *djsession.Site {
	t.Helper()
	version, err := djsession.ParseDjangoVersion(strings.TrimPrefix(set, "django"))
	must(t, err)
	secret, err := in.Secret.Text()
	must(t, err)
	var fallbacks []string
	for _, f := range in.Fallbacks {
		text, err := f.Text()
		must(t, err)
		fallbacks = append(fallbacks, text)
	}
	site, err := djsession.NewSite(djsession.Settings{
		Keys:          signer.SecretKey(secret, fallbacks...),
		Django:        version,
		StoreClass:    in.StoreClass,
		LegacyHashing: in.Hashing == "sha1",
		Now:           func() time.Time { return fixtures.Time(in.Now) },
	})
	must(t, err)
	return site
}

// TestDecodeFixtures reads the sessions that Djangos wrote, and those that they refused.
func TestDecodeFixtures(t *testing.T) {
	good, bad := 0, 0
	for _, set := range fixtures.Sets() {
		vectors, err := fixtures.Sessions(set)
		must(t, err)
		for _, v := range vectors {
			if v.Op != "decode" {
				continue
			}
			t.Run(set+"/"+v.Name, func(t *testing.T) {
				d, err := fixtureSite(t, set, v.In).Decode(*v.In.Payload)
				if v.Bad || stricter[v.Name] != "" {
					bad++
					if !errors.Is(err, djsession.ErrCorrupt) {
						t.Errorf("%s: got error %v, want %v (%s)", v.Name, err, djsession.ErrCorrupt, v.Why)
					}
					return
				}
				good++
				if err != nil {
					t.Fatalf("%s: got error %v (%s)", v.Name, err, v.Why)
				}
				got, err := tagged.Append(nil, d)
				must(t, err)
				if got, want := canonical(t, got), canonical(t, mustJSON(t, v.Out.Data)); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			})
		}
	}
	if good < 100 || bad < good/2 {
		t.Errorf("got %d good and %d bad vectors: fixtures are missing", good, bad)
	}
}

// TestStricter checks that every entry of the list names a vector that a Django reads.
func TestStricter(t *testing.T) {
	var names []string
	for _, set := range fixtures.Sets() {
		vectors, err := fixtures.Sessions(set)
		must(t, err)
		for _, v := range vectors {
			if !v.Bad {
				names = append(names, v.Name)
			}
		}
	}
	for name := range stricter {
		if !slices.Contains(names, name) {
			t.Errorf("%s: no such vector", name)
		}
	}
}

// TestEncodeFixtures writes the sessions that Djangos wrote: the same bytes under the
// signature, and in a compressed payload the same bytes inside.
func TestEncodeFixtures(t *testing.T) {
	n := 0
	for _, set := range fixtures.Sets() {
		vectors, err := fixtures.Sessions(set)
		must(t, err)
		for _, v := range vectors {
			if v.Op != "encode" || v.Out.Error != "" {
				continue
			}
			n++
			t.Run(set+"/"+v.Name, func(t *testing.T) {
				site := fixtureSite(t, set, v.In)
				d, err := site.Decode(*v.Out.Payload)
				must(t, err)
				// Decode every value, so that the writing encodes it again.
				fresh := serializer.NewDict()
				for k, val := range d.All() {
					fresh = fresh.With(k.(string), val)
				}
				for name, d := range map[string]*serializer.Dict{"untouched": d, "decoded": fresh} {
					got, err := site.Encode(d)
					must(t, err)
					if got, want := inside(t, got, *v.Out.Payload), inside(t, *v.Out.Payload, got); got != want {
						t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
					}
				}
			})
		}
	}
	if n < 100 {
		t.Errorf("got %d vectors: fixtures are missing", n)
	}
}

// inside returns a payload, or its JSON if one side compressed it. Compressors differ in
// their bytes, and in whether these are fewer.
func inside(t *testing.T, payload, other string) string {
	t.Helper()
	if !strings.HasPrefix(payload, ".") && !strings.HasPrefix(other, ".") {
		return payload
	}
	u, err := signer.InspectUnverified(payload, signer.Options{})
	must(t, err)
	return string(u.Data())
}

// TestFlippedByte checks that no changed payload verifies.
func TestFlippedByte(t *testing.T) {
	for _, set := range []string{"django2.2", "django3.2", "django6.1"} {
		vectors, err := fixtures.Sessions(set)
		must(t, err)
		i := slices.IndexFunc(vectors, func(v fixtures.Vector[fixtures.SessionIn, fixtures.SessionOut]) bool {
			return v.Op == "decode" && strings.HasSuffix(v.Name, "/login")
		})
		if i < 0 {
			t.Fatalf("%s has no login", set)
		}
		site, payload := fixtureSite(t, set, vectors[i].In), *vectors[i].In.Payload
		if _, err := site.Decode(payload); err != nil {
			t.Fatal(err)
		}
		for i := range len(payload) {
			for bit := range 8 {
				b := []byte(payload)
				b[i] ^= 1 << bit
				if _, err := site.Decode(string(b)); !errors.Is(err, djsession.ErrCorrupt) {
					t.Errorf("%s, byte %d, bit %d: got error %v, want %v", set, i, bit, err, djsession.ErrCorrupt)
				}
			}
		}
	}
}

// TestLegacyTold checks that Django from 4.0 on does not read the old format, and that
// its error differs from that of a wrong key.
func TestLegacyTold(t *testing.T) {
	vectors, err := fixtures.Sessions("django2.2")
	must(t, err)
	for _, v := range vectors {
		if v.Op == "decode" && !v.Bad && stricter[v.Name] == "" {
			_, err := fixtureSite(t, "django5.2", v.In).Decode(*v.In.Payload)
			if !errors.Is(err, djsession.ErrLegacy) || !errors.Is(err, djsession.ErrCorrupt) {
				t.Errorf("%s: got error %v, want %v", v.Name, err, djsession.ErrLegacy)
			}
		}
	}
}

// TestDerivedKeys reads and writes without SECRET_KEY.
func TestDerivedKeys(t *testing.T) {
	whole := signer.SecretKey(secret)
	derived, err := whole.Derive(signer.KeySalt("django.contrib.sessions.SessionStore"), signer.SHA256)
	must(t, err)
	keys, err := signer.DerivedKeys(derived...)
	must(t, err)
	var sites [2]*djsession.Site
	for i, k := range []signer.Keys{whole, keys} {
		sites[i], err = djsession.NewSite(djsession.Settings{Keys: k, Now: func() time.Time { return now }})
		must(t, err)
	}
	d := serializer.NewDict(item("a", "b"))
	for i := range sites {
		text, err := sites[i].Encode(d)
		must(t, err)
		if _, err := sites[1-i].Decode(text); err != nil {
			t.Error(err)
		}
	}
	if _, err := djsession.NewSite(djsession.Settings{Keys: keys, StoreClass: "Other"}); !errors.Is(err, djsession.ErrConfig) || !errors.Is(err, signer.ErrNoKey) {
		t.Errorf("a salt without a key: got error %v, want %v", err, djsession.ErrConfig)
	}
}

// TestOversized checks the limits before and after decompression.
func TestOversized(t *testing.T) {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(secret)})
	must(t, err)
	text, err := site.Encode(serializer.NewDict(item("a", strings.Repeat("a", 100_000))))
	must(t, err)
	for name, limits := range map[string]djsession.Limits{
		"payload": {Payload: len(text) - 1}, "data": {Data: serializer.Limits{Size: 99_999}},
	} {
		small, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(secret), Limits: limits})
		must(t, err)
		if _, err := small.Decode(text); !errors.Is(err, djsession.ErrCorrupt) || !errors.Is(err, signer.ErrTooLarge) {
			t.Errorf("%s: got error %v, want %v", name, err, signer.ErrTooLarge)
		}
	}
	if _, err := site.Decode(base64.StdEncoding.EncodeToString(make([]byte, 20<<20))); !errors.Is(err, signer.ErrTooLarge) {
		t.Errorf("20 MB: got error %v, want %v", err, signer.ErrTooLarge)
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return b
}

// canonical writes tagged JSON in one form; it sorts dicts that have no order.
func canonical(t *testing.T, tagged []byte) string {
	t.Helper()
	var v fixtures.Tagged
	must(t, json.Unmarshal(tagged, &v))
	switch v.Type {
	case "dict", "unordered-dict":
		var pairs [][2]json.RawMessage
		must(t, json.Unmarshal(v.Value, &pairs))
		var texts []string
		for _, p := range pairs {
			texts = append(texts, canonical(t, p[0])+":"+canonical(t, p[1]))
		}
		slices.Sort(texts) // package serializer tests that the order is kept
		return "{" + strings.Join(texts, ",") + "}"
	case "list":
		var items []json.RawMessage
		must(t, json.Unmarshal(v.Value, &items))
		var texts []string
		for _, it := range items {
			texts = append(texts, canonical(t, it))
		}
		return "[" + strings.Join(texts, ",") + "]"
	}
	var plain any // one spelling of escapes
	must(t, json.Unmarshal(v.Value, &plain))
	return fmt.Sprintf("%s %q", v.Type, plain)
}
