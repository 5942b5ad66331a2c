package signer_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/signer"
)

// A value that Django signs by TimestampSigner().sign_object(...) is read by Go, and the
// other way round.
func Example() {
	keys := signer.SecretKey("the new SECRET_KEY", "an old one, of SECRET_KEY_FALLBACKS")
	s, err := signer.NewTimestamp(keys, signer.Options{Salt: "invitations"})
	if err != nil {
		panic(err)
	}
	link, err := s.SignObject([]byte(`{"team": 7}`), true)
	if err != nil {
		panic(err)
	}

	data, info, err := s.UnsignObjectMaxAge(link, 24*time.Hour)
	fmt.Printf("%s, by key %d, %v\n", data, info.Key, err)

	_, _, err = s.UnsignObjectMaxAge(link+"x", 24*time.Hour)
	fmt.Println(errors.Is(err, signer.ErrBadSignature))
	// Output:
	// {"team": 7}, by key 0, <nil>
	// true
}
