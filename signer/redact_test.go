package signer

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// Nothing that holds keys shows them, whoever prints it.
func TestRedaction(t *testing.T) {
	const secret, fallback = "open-sesame-4711", "older-sesame-0815"
	keys := SecretKey(secret, fallback)
	ds := must(keys.Derive(KeySalt("salt"), SHA256))
	derived := must(DerivedKeys(ds...))
	opts := Options{Salt: "salt"}

	// What must not be seen: secrets and derived keys as text, hexadecimal, base64 and lists of numbers.
	var hidden []string
	for _, b := range [][]byte{[]byte(secret), []byte(fallback), ds[0].Key(), ds[1].Key()} {
		decimal, goSyntax := strings.Trim(fmt.Sprint(b), "[]"), strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", b), "[]byte{"), "}")
		quoted := fmt.Sprintf("%+q", b)
		for _, s := range []string{string(b), quoted[1 : len(quoted)-1], hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), decimal, goSyntax,
			base64.StdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b)} {
			hidden = append(hidden, s[:len(s)/2]) // half of it is bad enough
		}
	}
	check := func(how, text string) {
		t.Helper()
		for _, s := range hidden {
			if strings.Contains(text, s) {
				t.Errorf("%s shows %q: %.200q", how, s, text)
				return
			}
		}
	}

	type exported struct {
		Keys Keys
		P    *Keys
		Any  any
	}
	type unexported struct {
		keys Keys
		p    *Keys
		any  any
	}
	mac := must(NewMAC(keys, KeySalt("salt"), SHA256))
	s, ts, cookie := must(New(keys, opts)), must(NewTimestamp(keys, opts)), must(NewCookieSigner(keys, "prefs", CookieOptions{}))
	s.Sign("x") // states are in the pools now
	ts.Sign("x")
	cookie.Sign("x")
	mac.HexSum("x")
	values := map[string]any{
		"Keys": keys, "*Keys": &keys, "zero Keys": Keys{}, "ForCookies": keys.ForCookies(), "derived": derived,
		"in a struct": exported{keys, &keys, keys}, "in unexported fields": unexported{keys, &keys, keys}, "in a slice": []Keys{keys, derived},
		"in a map": map[string]Keys{"k": keys}, "in a pointer's struct": &exported{derived, &derived, derived},
		"DerivedKey": ds[0], "*DerivedKey": &ds[0], "DerivedKeys": ds, "in a field": struct{ D DerivedKey }{ds[0]},
		"MAC": mac, "Signer": s, "TimestampSigner": ts, "CookieSigner": cookie, "signers": []any{s, ts, cookie, mac},
		"signers in unexported fields": struct {
			s *Signer
			m *MAC
			d DerivedKey
		}{s, mac, ds[0]},
	}
	for name, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%p", "% x", "%+q", "%10.3v", "%!"} {
			check(name+" under "+verb, fmt.Sprintf(verb, v))
		}
		check(name+" with Sprint", fmt.Sprint(v))
		for how, marshal := range map[string]func(any) ([]byte, error){"json": json.Marshal, "xml": xml.Marshal} {
			b, err := marshal(v)
			check(name+" in "+how, string(b))
			if err != nil {
				check(name+"'s error in "+how, err.Error())
			}
		}
		var buf bytes.Buffer
		slog.New(slog.NewTextHandler(&buf, nil)).Info("x", "value", v)
		slog.New(slog.NewJSONHandler(&buf, nil)).Info("x", "value", v)
		check(name+" in a log", buf.String())
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(verb, keys); got != redacted {
			t.Errorf("%s prints %q, want %s", verb, got, redacted)
		}
	}
	if got, err := json.Marshal(exported{Keys: keys}); string(got) != `{"Keys":"[redacted]","P":null,"Any":null}` || err != nil {
		t.Errorf("in JSON: %s, %v", got, err)
	}
	if got := fmt.Sprint(ds[0]); got != `sha256 "saltsigner" [redacted]` {
		t.Errorf("a DerivedKey prints %q", got)
	}
	// The way back is closed, not silently empty.
	//lint:ignore SA9005 that nothing is read is what is tested
	if err := json.Unmarshal([]byte(`"[redacted]"`), new(Keys)); err == nil {
		t.Error("Keys can be read back")
	}

	// Errors, with every value that went in.
	for _, fn := range []func() error{
		func() error { _, _, err := s.Unsign(secret + ":" + fallback); return err },
		func() error { _, _, err := s.Unsign(secret); return err },
		func() error { _, _, err := ts.Unsign(must(New(keys, opts)).Sign(secret + ":" + fallback)); return err },
		func() error { _, _, err := s.UnsignObject(s.Sign("." + secret)); return err },
		func() error { _, _, err := s.UnsignObject(s.Sign(secret + "!")); return err },
		func() error { _, _, err := cookie.Unsign(secret); return err },
		func() error { _, err := New(keys, Options{Sep: "opensesame"}); return err },
		func() error { _, err := New(derived, Options{Salt: "other"}); return err },
		func() error { _, err := InspectUnverified(secret+":"+fallback+":"+secret, Options{}); return err },
		func() error { _, err := ParseDerivedKeys(secret); return err },
		func() error {
			_, err := ParseDerivedKeys(derivedHeader + "\nsha256 \"" + secret + "\" " + fallback)
			return err
		},
		func() error { _, err := ParseAlgorithm(secret); return err },
		func() error { _, err := mac.Verify(secret, fallback); return err },
		func() error { _, err := NewDerivedKey("a", SHA256, []byte(secret)); return err },
	} {
		if err := fn(); err != nil {
			check("an error", fmt.Sprintf("%v %+v %#v", err, err, err))
		}
	}
}
