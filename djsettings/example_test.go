package djsettings_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
)

func ExampleRead() {
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

func ExampleOpen() {
	set, err := djsettings.ReadFile("settings.txt", &djsettings.Options{Env: os.LookupEnv})
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range set.Warnings {
		log.Print(w)
	}
	site, err := djsettings.Open(context.Background(), set, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer site.Close()
	http.Handle("/", site.Sessions.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := djsession.Load(r.Context()); err != nil {
			http.Error(w, "try later", djsession.ErrorStatus(err))
		}
	})))
}
