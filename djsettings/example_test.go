package djsettings_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/go-djsession/go-djsession/djsettings"
)

func Example() {
	set, err := djsettings.Read(strings.NewReader(`
### DEBUG = False
DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'site', 'HOST': 'db', 'PASSWORD': 'hunter2'}}
SECRET_KEY = 'django-insecure-not-a-secret'
SESSION_COOKIE_AGE = 3600
SETTINGS_MODULE = 'site.settings'  ###
`), &djsettings.Options{Django: "5.2"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set)
	fmt.Println(set.Sessions.CookieAge)
	// Output:
	// Django 5.2, sessions in django.contrib.sessions.backends.db, database default: PostgreSQL site at db, cache default: LocMemCache
	// 1h0m0s
}
