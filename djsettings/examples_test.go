package djsettings_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"

	"github.com/go-djsession/go-djsession/djsettings"
)

// A file from djsession probe or manage.py diffsettings --all. Variables such as
// DJSESSION_DATABASE_HOST replace what differs where Go runs.
func ExampleReadFile() {
	_, err := djsettings.ReadFile("site.profile", &djsettings.Options{Env: os.LookupEnv})
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output: true
}

// Settings that a program has already, for example from a configuration of its own.
func ExampleFromMap() {
	set, err := djsettings.FromMap(map[string]any{
		"SECRET_KEY":     "django-insecure-not-a-secret",
		"SESSION_ENGINE": "django.contrib.sessions.backends.cache",
		"CACHES": map[string]any{"default": map[string]any{
			"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://cache:6379/1",
		}},
	}, &djsettings.Options{Django: "5.2"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set)
	// Output: Django 5.2, sessions in django.contrib.sessions.backends.cache, cache default: RedisCache redis://cache:6379/1
}

// A command that gets only the place of the sessions.
func ExampleFromDSN() {
	set, err := djsettings.FromDSN("cache+redis://cache:6379/1?key_prefix=shop", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Sessions.Engine)
	// Output: django.contrib.sessions.backends.cache
}
