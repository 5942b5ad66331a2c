package hashers_test

import (
	"context"
	"fmt"
	"log"

	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/djsession"
)

// A site on Django 5.2 with the PASSWORD_HASHERS that Django has by itself.
func Example() {
	list, err := hashers.ForDjango(djsession.DjangoVersion{Major: 5, Minor: 2})
	if err != nil {
		log.Fatal(err)
	}
	passwords, err := hashers.New(list, nil)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	encoded := "pbkdf2_sha256$3$saltSALTsaltSALT012345$d7BK1tuHxg8Yq103NQJ56wuqQJOFumDcxi6GWdCdV6w=" // auth_user.password
	ok, _, err := passwords.Check(ctx, "correct horse", encoded)
	if err != nil {
		log.Print(err) // a hash that cannot be checked: for the visitor, a wrong password
	}
	fmt.Println(ok)
	// Output: true
}
