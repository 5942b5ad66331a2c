package djsession

import "github.com/go-djsession/go-djsession/internal/httpcookie"

// FindCookie is httpcookie.Find, for tests.
var FindCookie = httpcookie.Find

// ParseISO is parseISO.
var ParseISO = parseISO
