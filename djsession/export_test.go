package djsession

// FindCookie is for tests.
var FindCookie = findCookie
