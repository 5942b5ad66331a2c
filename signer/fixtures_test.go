package signer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/fixtures"
	"github.com/go-djsession/go-djsession/internal/base62"
)

// The vectors of fixtures/ say what real Djangos do. Where this package does otherwise on purpose, the name of the vector is here,
// with the reason.
var deliberate = map[string]string{
	"separator/empty":                          "the empty Options.Sep is the default",
	"timestamp/sign-past-int64":                "time.Time does not reach that far",
	"timestamp/unsign-past-int64":              "time.Time does not reach that far",
	"timestamp/odd-two-hundred-digits-max-age": "there is no float to overflow",
	"b62/encode-9223372036854775808":           "timestamps have 64 bits",
	"b62/encode-18446744073709551616":          "timestamps have 64 bits",
	"b62/decode-AzL8n0Y58m8":                   "timestamps have 64 bits",
}

// noSeparatorCheck is the Django that takes every separator. Here all are held to the check of the later ones.
const noSeparatorCheck = "django1.8"

type signingVector = fixtures.Vector[fixtures.SigningIn, fixtures.SigningOut]

func TestFixtures(t *testing.T) {
	left := map[string]string{}
	for name, why := range deliberate {
		left[name] = why
	}
	for _, set := range fixtures.Sets() {
		vectors, err := fixtures.Signing(set)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range vectors {
			if _, ok := deliberate[v.Name]; ok {
				delete(left, v.Name)
				continue
			}
			// Each vector runs twice: with the secret, and with nothing but the keys that its purpose needs.
			for _, derived := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/derived=%v", set, v.Name, derived), func(t *testing.T) {
					vector{t, v, v.In, v.Out, set, derived}.run()
				})
			}
		}
	}
	for name := range left {
		t.Errorf("there is no vector %s", name)
	}
}

// Session payloads of the format since Django 3.1 verify, and are written anew byte for byte, whatever serializer made what is in them.
func TestFixtureSessions(t *testing.T) {
	for _, set := range fixtures.Sets() {
		vectors := must(fixtures.Sessions(set))
		if pickles, err := fixtures.Pickles(set); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				t.Fatal(err)
			}
			vectors = append(vectors, pickles...)
		}
		written := 0
		for _, v := range vectors {
			if v.Op != "encode" || v.Out.Payload == nil || v.In.Hashing == "sha1" {
				continue
			}
			s, err := NewTimestamp(SecretKey(must(v.In.Secret.Text())), Options{Salt: "django.contrib.sessions." + v.In.StoreClass})
			if err != nil {
				t.Fatal(err)
			}
			s.Now = func() time.Time { return fixtures.Time(v.In.Now) }
			data, _, err := s.UnsignObject(*v.Out.Payload)
			if errors.Is(err, ErrNoSeparator) {
				continue // the format of before 3.1 is base64 all over
			}
			if err != nil {
				t.Errorf("%s/%s: %v", set, v.Name, err)
				continue
			}
			if got := must(s.SignObject(data, true)); got != *v.Out.Payload {
				t.Errorf("%s/%s: %s, want %s", set, v.Name, got, *v.Out.Payload)
			}
			written++
		}
		if old := slices.Contains([]string{"django1.8", "django1.11", "django2.2"}, set); old == (written > 0) {
			t.Errorf("%s: %d payloads of the format since 3.1", set, written)
		}
	}
	for _, p := range must(fixtures.Benchmarks()) {
		s := must(NewTimestamp(SecretKey(p.Secret), Options{Salt: p.Salt}))
		s.Now = func() time.Time { return fixtures.Time(p.Now) }
		if got := must(s.SignObject([]byte(p.JSON), strings.HasPrefix(p.Payload, "."))); got != p.Payload {
			t.Errorf("%s: %s, want %s", p.Name, got, p.Payload)
		}
	}
}

// A vector is run by its methods, one for each op.
type vector struct {
	t *testing.T
	signingVector
	in      fixtures.SigningIn
	out     fixtures.SigningOut
	set     string
	derived bool
}

func (v vector) run() {
	switch v.Op {
	case "sign":
		v.sign()
	case "unsign":
		v.unsign()
	case "new_signer":
		v.newSigner()
	case "dumps", "sign_object":
		v.signObject()
	case "loads", "unsign_object":
		v.unsignObject()
	case "set_signed_cookie":
		v.setCookie()
	case "get_signed_cookie":
		v.getCookie()
	case "salted_hmac":
		v.saltedHMAC()
	case "b62_encode":
		v.b62Encode()
	case "b62_decode":
		v.b62Decode()
	default:
		v.t.Fatalf("unknown op %q", v.Op)
	}
}

// keys gives the keys that Django was set up with, for one of the key salts.
func (v vector) keys(keySalts ...string) Keys {
	text := func(tag fixtures.Tagged) string {
		s, err := tag.Text()
		if err != nil {
			v.t.Fatal(err)
		}
		return s
	}
	var fallbacks []string
	for _, f := range v.in.Fallbacks {
		fallbacks = append(fallbacks, text(f))
	}
	keys := SecretKey(text(*v.in.Secret), fallbacks...)
	alg, err := v.algorithm()
	if !v.derived || err != nil {
		return keys
	}
	// As a service without SECRET_KEY gets them: as text.
	var ds []DerivedKey
	for _, keySalt := range keySalts {
		ds = append(ds, must(keys.Derive(keySalt, alg))...)
		if v.in.LegacySHA1 && alg != SHA1 {
			ds = append(ds, must(keys.Derive(keySalt, SHA1))...)
		}
	}
	return must(DerivedKeys(must(ParseDerivedKeys(must(ExportDerivedKeys(ds...))))...))
}

func (v vector) algorithm() (Algorithm, error) { return ParseAlgorithm(v.in.Algorithm) }

// options leaves out a salt that is Django's default, so that the defaults are tested.
func (v vector) options() (Options, error) {
	alg, err := v.algorithm()
	opts := Options{Salt: v.in.Salt, Sep: v.in.Sep, Algorithm: alg, LegacySHA1: v.in.LegacySHA1}
	if v.in.Salt == "django.core.signing."+v.in.Signer {
		opts.Salt = ""
	}
	return opts, err
}

func (v vector) now() time.Time {
	if v.in.Now == nil {
		return time.Unix(0, 0)
	}
	return fixtures.Time(*v.in.Now)
}

// maxAge gives nil for None.
func (v vector) maxAge() *time.Duration {
	if v.in.MaxAge == nil {
		return nil
	}
	var text string
	if err := json.Unmarshal(v.in.MaxAge.Value, &text); err != nil {
		v.t.Fatal(err)
	}
	var seconds float64
	switch v.in.MaxAge.Type {
	case "int", "float":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			v.t.Fatal(err)
		}
		seconds = f
	case "timedelta":
		var days, secs, micros float64
		if _, err := fmt.Sscan(text, &days, &secs, &micros); err != nil {
			v.t.Fatal(err)
		}
		seconds = days*86400 + secs + micros/1e6
	default:
		v.t.Fatalf("unknown type %q", v.in.MaxAge.Type)
	}
	d := time.Duration(math.MaxInt64)
	if seconds < d.Seconds() {
		d = time.Duration(seconds * 1e9)
	}
	return &d
}

// unsigner is what both kinds of Signer have, with or without a maximum age.
type unsigner struct {
	sign         func(string) string
	signObject   func([]byte, bool) (string, error)
	unsign       func(string) (string, Info, error)
	unsignObject func(string) ([]byte, Info, error)
}

func (v vector) open() (unsigner, error) {
	keys := v.keys(KeySalt(v.in.Salt))
	opts, err := v.options()
	if err != nil {
		return unsigner{}, err
	}
	if v.in.Signer == "Signer" {
		s, err := New(keys, opts)
		if err != nil {
			return unsigner{}, err
		}
		return unsigner{s.Sign, s.SignObject, s.Unsign, s.UnsignObject}, nil
	}
	s, err := NewTimestamp(keys, opts)
	if err != nil {
		return unsigner{}, err
	}
	s.Now = v.now
	u := unsigner{s.Sign, s.SignObject, s.Unsign, s.UnsignObject}
	if maxAge := v.maxAge(); maxAge != nil {
		u.unsign = func(signed string) (string, Info, error) { return s.UnsignMaxAge(signed, *maxAge) }
		u.unsignObject = func(signed string) ([]byte, Info, error) { return s.UnsignObjectMaxAge(signed, *maxAge) }
	}
	return u, nil
}

// checkError tells whether the vector is about an error, and whether err is the one that Django's stands for.
func (v vector) checkError(err error) (refused bool) {
	v.t.Helper()
	var want error
	switch v.out.Error {
	case "":
		if err != nil {
			v.t.Fatalf("%s: %v", v.Why, err)
		}
		return false
	case "BadSignature":
		if errors.Is(err, ErrSignatureExpired) {
			v.t.Errorf("%s: %v, want a bad signature", v.Why, err)
		}
		want = ErrBadSignature
	case "SignatureExpired":
		want = ErrSignatureExpired
	case "InvalidAlgorithm":
		want = ErrAlgorithm
	case "UnicodeDecodeError": // CPython 2.7 compares a signature that is not ASCII
		want = ErrBadSignature
	default: // what int, base64, zlib and unpacking raise
		want = ErrMalformed
	}
	if !errors.Is(err, want) {
		v.t.Errorf("%s: %v, want %v as Django's %s", v.Why, err, want, v.out.Error)
	}
	if want == ErrMalformed && errors.Is(err, ErrBadSignature) {
		v.t.Errorf("%s: %v, but the signature is good", v.Why, err)
	}
	return true
}

func (v vector) sign() {
	u, err := v.open()
	if v.checkError(err) {
		return
	}
	if got := u.sign(*v.in.Value); got != *v.out.Signed {
		v.t.Errorf("%s: %s, want %s", v.Why, got, *v.out.Signed)
	}
}

func (v vector) unsign() {
	u, err := v.open()
	if err != nil {
		v.t.Fatal(err)
	}
	value, _, err := u.unsign(*v.in.Signed)
	if v.checkError(err) {
		if value != "" {
			v.t.Errorf("%s: the value %q with the error %v", v.Why, value, err)
		}
		return
	}
	if value != *v.out.Value {
		v.t.Errorf("%s: %q, want %q", v.Why, value, *v.out.Value)
	}
}

func (v vector) newSigner() {
	_, err := v.open()
	if v.set != noSeparatorCheck && ((err == nil) != v.out.OK || err != nil && !errors.Is(err, ErrSeparator)) {
		v.t.Errorf("%s: separator %q: %v, want ok %v", v.Why, v.in.Sep, err, v.out.OK)
	}
}

func (v vector) signObject() {
	if v.out.Error != "" {
		return // a value that JSON does not have, which is nothing to a package of bytes
	}
	u, err := v.open()
	if err != nil {
		v.t.Fatal(err)
	}
	// The JSON is that of Django; what it means is checked.
	data, _, err := u.unsignObject(*v.out.Signed)
	if err != nil {
		v.t.Fatal(err)
	}
	v.checkJSON(data, *v.in.Obj)
	got, err := u.signObject(data, v.in.Compress)
	if err != nil {
		v.t.Fatal(err)
	}
	if again, _, err := u.unsignObject(got); err != nil || !bytes.Equal(again, data) {
		v.t.Errorf("%s: read back %s, %v, want %s", v.Why, again, err, data)
	}
	if got != *v.out.Signed {
		v.t.Errorf("%s: %s, want %s", v.Why, got, *v.out.Signed)
	}
}

func (v vector) unsignObject() {
	u, err := v.open()
	if err != nil {
		v.t.Fatal(err)
	}
	data, info, err := u.unsignObject(*v.in.Signed)
	switch {
	case v.out.Error == "JSONDecodeError", v.out.Error == "ValueError" && err == nil && !json.Valid(latin1(data)):
		if err != nil || json.Valid(latin1(data)) {
			v.t.Errorf("%s: %q, %v, want what is no JSON", v.Why, data, err)
		}
		return
	case v.checkError(err):
		if data != nil {
			v.t.Errorf("%s: the data %q with the error %v", v.Why, data, err)
		}
		return
	}
	v.checkJSON(data, *v.out.Obj)

	// The unverified reading agrees.
	opts, _ := v.options()
	un, err := InspectUnverified(*v.in.Signed, opts)
	if err != nil || !bytes.Equal(un.Data(), data) || un.Compressed != info.Compressed || un.Timestamp != info.Timestamp {
		v.t.Errorf("%s: unverified %+v, %v, want %q, %+v", v.Why, un, err, data, info)
	}
}

func (v vector) openCookie() *CookieSigner {
	opts := CookieOptions{Salt: v.in.Salt, LegacySHA1: v.in.LegacySHA1}
	var err error
	if opts.Algorithm, err = v.algorithm(); err != nil {
		v.t.Fatal(err)
	}
	switch {
	case v.in.CookieSalt == "v1":
		opts.Format = CookieLegacy
	case v.in.LegacySaltFallback:
		opts.Format = CookieV2Fallback
	}
	keys := v.keys(CookieKeySalt(CookieSalt(v.in.Cookie, v.in.Salt)), CookieKeySalt(LegacyCookieSalt(v.in.Cookie, v.in.Salt)))
	c, err := NewCookieSigner(keys, v.in.Cookie, opts)
	if err != nil {
		v.t.Fatal(err)
	}
	c.Now = v.now
	return c
}

func (v vector) setCookie() {
	if got := v.openCookie().Sign(*v.in.Value); got != *v.out.Signed {
		v.t.Errorf("%s: %s, want %s", v.Why, got, *v.out.Signed)
	}
}

func (v vector) getCookie() {
	if v.in.Signed == nil {
		return // no such cookie: nothing that a signer sees
	}
	c := v.openCookie()
	value, _, err := c.Unsign(*v.in.Signed)
	if maxAge := v.maxAge(); maxAge != nil {
		value, _, err = c.UnsignMaxAge(*v.in.Signed, *maxAge)
	}
	if !v.checkError(err) && value != *v.out.Value {
		v.t.Errorf("%s: %q, want %q", v.Why, value, *v.out.Value)
	}
}

func (v vector) saltedHMAC() {
	data, err := v.in.Data.Text()
	if err != nil {
		v.t.Fatal(err)
	}
	alg, err := v.algorithm()
	var sum []byte
	if err == nil {
		sum, err = SaltedHMAC(v.keys(v.in.KeySalt), v.in.KeySalt, alg, data)
	}
	if v.checkError(err) {
		return
	}
	if got := hex.EncodeToString(sum); got != v.out.Hex {
		v.t.Errorf("%s: %s, want %s", v.Why, got, v.out.Hex)
	}
	if key, err := VerifySaltedHMAC(v.keys(v.in.KeySalt), v.in.KeySalt, alg, data, v.out.Hex); key != 0 || err != nil {
		v.t.Errorf("%s: verified by key %d, %v", v.Why, key, err)
	}
}

func (v vector) b62Encode() {
	var text string
	if err := json.Unmarshal(v.in.Number.Value, &text); err != nil {
		v.t.Fatal(err)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		v.t.Fatal(err)
	}
	if got := string(base62.AppendInt(nil, n)); got != *v.out.Text {
		v.t.Errorf("%d: %s, want %s", n, got, *v.out.Text)
	}
}

func (v vector) b62Decode() {
	n, err := base62.Parse(*v.in.Text)
	if v.out.Error != "" {
		if !errors.Is(err, base62.ErrSyntax) {
			v.t.Errorf("%q: %d, %v, want ErrSyntax as Django's %s", *v.in.Text, n, err, v.out.Error)
		}
		return
	}
	var want string
	if err := json.Unmarshal(v.out.Number.Value, &want); err != nil {
		v.t.Fatal(err)
	}
	if err != nil || strconv.FormatInt(n, 10) != want {
		v.t.Errorf("%q: %d, %v, want %s", *v.in.Text, n, err, want)
	}
}
