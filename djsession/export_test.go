package djsession

import "github.com/go-djsession/go-djsession/internal/httpcookie"

// FindCookie is for tests.
var FindCookie = httpcookie.Find
