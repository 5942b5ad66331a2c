package signer_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/signer"
)

// The examples sign at this moment.
func now() time.Time { return time.Unix(1_700_000_000, 0) }

func ExampleNew() {
	s, err := signer.New(signer.SecretKey("fixtures-secret-key-not-used-anywhere-else"), signer.Options{})
	if err != nil {
		panic(err)
	}
	signed := s.Sign("hello")
	fmt.Println(signed)
	value, _, err := s.Unsign(signed)
	fmt.Println(value, err)
	_, _, err = s.Unsign("hullo" + signed[5:])
	fmt.Println(errors.Is(err, signer.ErrBadSignature))
	// Output:
	// hello:Z4gSzK7mtLNmx-UO1bWDhkaTB7S-qAXdv7htNsOVyNI
	// hello <nil>
	// true
}

func ExampleNewTimestamp() {
	s, err := signer.NewTimestamp(signer.SecretKey("fixtures-secret-key-not-used-anywhere-else"), signer.Options{})
	if err != nil {
		panic(err)
	}
	s.Now = now
	signed := s.Sign("hello")
	fmt.Println(signed)

	s.Now = func() time.Time { return now().Add(61 * time.Second) }
	_, info, err := s.UnsignMaxAge(signed, time.Minute)
	fmt.Println(errors.Is(err, signer.ErrSignatureExpired), "signed at", info.Timestamp)
	// Output:
	// hello:1r31eq:arSPcE5EIt5Re6sdWcXMSvicA4NuobuxUXZXqsD9RbQ
	// true signed at 1700000000
}

// The payload of a session, as Django's database engine stores it.
func ExampleTimestampSigner_UnsignObject() {
	const payload = ".eJxVjL0OwjAQg98lM4ryc21zjOx9huqSXEgBJVLTToh3p5U6wGLJ_my_xUTbmqet8TLNUVwFGHH5DT2FJ5eDxAeVe5WhlnWZvTwq8qRNjjXy63Z2_w4ytbyv" +
		"dQcqBQaN2tIQLfesEnc9DSlG7xR4crC73gaFnIz2u3RIgAYCohOfLxPqOEM:1r31eq:PP2-Okfir3SDyZtcSNMBxN_bp9le54i_3n7OGn-WXE4"
	s, err := signer.NewTimestamp(signer.SecretKey("fixtures-secret-key-not-used-anywhere-else"),
		signer.Options{Salt: "django.contrib.sessions.SessionStore"})
	if err != nil {
		panic(err)
	}
	data, info, err := s.UnsignObject(payload)
	fmt.Printf("%.60s...\n", data)
	fmt.Println(info.Compressed, info.Key, err)
	// Output:
	// {"_auth_user_id":"42","_auth_user_backend":"django.contrib.a...
	// true 0 <nil>
}

func ExampleDumps() {
	keys := signer.SecretKey("secret")
	text, err := signer.Dumps(keys, []byte(`{"user":7}`), signer.Options{}, true)
	if err != nil {
		panic(err)
	}
	data, _, err := signer.Loads(keys, text, signer.Options{})
	fmt.Printf("%s %v\n", data, err)
	// Output: {"user":7} <nil>
}

func ExampleNewCookieSigner() {
	keys := signer.SecretKey("fixtures-secret-key-not-used-anywhere-else")
	c, err := signer.NewCookieSigner(keys, "prefs", signer.CookieOptions{Format: signer.CookieV2Fallback})
	if err != nil {
		panic(err)
	}
	c.Now = now
	fmt.Println(c.Sign("dark"))
	// Output: dark:1r31eq:Dy-aYRTY4ukl4_S14O-uefFa7sW5SmoWftRLPiiEO0I
}

// The cookie of django.contrib.messages is signed with the keys for cookies.
func ExampleKeys_ForCookies() {
	keys := signer.SecretKey("secret")
	s, err := signer.NewTimestamp(keys.ForCookies(), signer.Options{Salt: "django.contrib.messages"})
	if err != nil {
		panic(err)
	}
	cookie, err := s.SignObject([]byte(`[["__json_message",0,20,"Saved",""]]`), true)
	if err != nil {
		panic(err)
	}
	data, _, err := s.UnsignObject(cookie)
	fmt.Printf("%s %v\n", data, err)
	// Output: [["__json_message",0,20,"Saved",""]] <nil>
}

// A service that may check sessions gets the key for that, and not SECRET_KEY.
func ExampleDerivedKeys() {
	const salt = "django.contrib.sessions.SessionStore"
	ds, err := signer.SecretKey("secret").Derive(signer.KeySalt(salt), signer.SHA256)
	if err != nil {
		panic(err)
	}
	text, err := signer.ExportDerivedKeys(ds...) // hand this over
	if err != nil {
		panic(err)
	}

	ds, err = signer.ParseDerivedKeys(text)
	if err != nil {
		panic(err)
	}
	keys, err := signer.DerivedKeys(ds...)
	if err != nil {
		panic(err)
	}
	fmt.Println(keys, ds[0])
	_, err = signer.NewTimestamp(keys, signer.Options{Salt: salt})
	fmt.Println(err)
	_, err = signer.NewTimestamp(keys, signer.Options{Salt: "password reset"})
	fmt.Println(errors.Is(err, signer.ErrNoKey))
	// Output:
	// [redacted] sha256 "django.contrib.sessions.SessionStoresigner" [redacted]
	// <nil>
	// true
}

// The hash of the password that Django keeps in a session.
func ExampleNewMAC() {
	keys := signer.SecretKey("new secret", "old secret")
	mac, err := signer.NewMAC(keys, "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", signer.SHA256)
	if err != nil {
		panic(err)
	}
	const encoded = "pbkdf2_sha256$1000000$salt$hash"
	key, err := mac.Verify(encoded, mac.HexSum(encoded))
	fmt.Println(key, err)
	// Output: 0 <nil>
}

func ExampleInspectUnverified() {
	u, err := signer.InspectUnverified("eyJ1c2VyIjo3fQ:1r31eq:not-checked", signer.Options{})
	fmt.Printf("%s %d %v\n", u.Data(), u.Timestamp, err)
	// Output: {"user":7} 1700000000 <nil>
}
