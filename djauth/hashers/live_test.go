package hashers_test

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth/hashers"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// question and answer are those of testdata/check.py.
type question struct {
	Class    string `json:"class"`
	Password string `json:"password"`
	Encoded  string `json:"encoded"`
	Fast     bool   `json:"fast"`
	name     string
	ok       bool // what Django must say
	update   bool
}

type answer struct {
	OK     bool
	Update bool
	Django string
	Raises string
	Lacks  string
}

// without are the Djangos that do not have a hasher.
var without = map[string][]string{
	"Argon2":       {"1.8"},
	"Scrypt":       {"1.8", "1.11", "2.2", "3.2"},
	"SHA1":         {"5.2", "6.1"},
	"UnsaltedSHA1": {"5.2", "6.1"},
	"UnsaltedMD5":  {"5.2", "6.1"},
}

// Hashes made here are right for a real Django, which finds no reason to make
// another one if they have its parameters.
func TestLive(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			django.Python(t, version) // before anything is hashed
			questions := live(t, version)
			answers := ask(t, version, questions)
			for _, class := range []string{"PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "Scrypt", "SHA1", "MD5", "UnsaltedSHA1", "UnsaltedMD5"} {
				t.Run(class, func(t *testing.T) {
					n := 0
					for i, q := range questions {
						if q.Class != class+"PasswordHasher" {
							continue
						}
						n++
						if answers[i].Lacks != "" {
							testserver.Lacks(t, "Django "+version+" has no "+answers[i].Lacks+" to check with: run compat_test/setup.sh")
						}
						if got := answers[i]; got.Raises != "" || got.OK != q.ok || got.Update != q.update || got.Django != version {
							t.Errorf("%s: Django says %+v to %q, want %v, %v", q.name, got, q.Encoded, q.ok, q.update)
						}
					}
					if has := !slices.Contains(without[class], version); has != (n > 0) {
						t.Errorf("%d hashes of Django %s were made, want some: %t", n, version, has)
					}
				})
			}
		})
	}
}

func live(t *testing.T, version string) []question {
	header, _ := vectors(t, version)
	var questions []question
	add := func(name, class, password, asked string, h hashers.Hasher, ok, update bool) {
		questions = append(questions, question{class, asked, encode(t, h, password), false, name, ok, update})
	}
	for _, class := range header.Classes {
		if class == "CryptPasswordHasher" {
			continue
		}
		stock := forDjango(t, version, class)[0]
		cheap := cheapest(stock)
		update := true
		switch stock.(type) {
		case hashers.PBKDF2, hashers.Argon2, hashers.Scrypt:
		case hashers.BCrypt:
			update = version != "1.8"
		default:
			update = false
		}
		if class != "PBKDF2SHA1PasswordHasher" && class != "BCryptPasswordHasher" { // as dear as their sisters
			add("stock", class, "correct horse", "correct horse", stock, true, false)
		}
		for _, password := range []string{"", "пароль 密码 🔑", " x ", strings.Repeat("x", 72), strings.Repeat("x", 300), "a\x00b"} {
			if class == "BCryptPasswordHasher" && (len(password) > 72 || password == "a\x00b") {
				continue // ErrPassword
			}
			add(password, class, password, password, cheap, true, update)
		}
		if !update {
			add("wrong", class, "secret", "Secret", cheap, false, false)
		}
	}
	return questions
}

//go:embed testdata/check.py
var check string

// ask has a real Django answer the questions.
func ask(t *testing.T, version string, questions []question) []answer {
	t.Helper()
	d := django.Start(t, django.Site{
		Version:  version,
		Settings: django.Args{"INSTALLED_APPS": []string{}, "LOGGING_CONFIG": nil},
		Code:     check,
	})
	answers := make([]answer, len(questions))
	for i, q := range questions {
		d.Call(t, "check", django.Args{"question": q}, &answers[i])
	}
	return answers
}
