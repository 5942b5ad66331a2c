package hashers_test

import (
	"context"
	"fmt"
	"log"

	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/djsession"
)

// A site that puts Argon2 first and runs PBKDF2 with fewer iterations.
func ExampleForDjango() {
	list, err := hashers.ForDjango(djsession.DjangoVersion{Major: 4, Minor: 2},
		"django.contrib.auth.hashers.Argon2PasswordHasher",
		"django.contrib.auth.hashers.PBKDF2PasswordHasher",
	)
	if err != nil {
		log.Fatal(err)
	}
	h := list[1].(hashers.PBKDF2)
	fmt.Println(h.Iterations)
	h.Iterations = 320_000
	list[1] = h
	for _, h := range list {
		fmt.Println(h.Algorithm())
	}
	// Output:
	// 600000
	// argon2
	// pbkdf2_sha256
}

// The password of a user whose hash is outdated, on a site that wants new hashes.
func ExamplePasswords_Check() {
	passwords, err := hashers.New([]hashers.Hasher{hashers.PBKDF2{Iterations: 1000}, hashers.Digest{}}, &hashers.Options{Upgrade: true})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	ok, upgrade, err := passwords.Check(ctx, "secret", "md5$salt$d42a0f742ffc1be4e1cc0845c2429c97")
	fmt.Println(ok, upgrade, err)
	if upgrade {
		encoded, err := passwords.Make(ctx, "secret")
		fmt.Println(encoded[:19], err) // to be stored, and the session's auth hash with it
	}
	// Output:
	// true true <nil>
	// pbkdf2_sha256$1000$ <nil>
}
