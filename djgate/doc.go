// Package djgate protects other programs with the login of a Django site.
//
// A dashboard, a log viewer or another service needs no login of its own. The Gate reads
// Django's own sessions, so that there is no second session and no second logout. It answers
// the questions of a proxy, [Gate.Verify], or is the proxy itself, [Gate.Proxy].
//
//	rules, err := djgate.ParseRules(file)
//	gate, err := djgate.New(site.Auth, rules, nil)
//	http.ListenAndServe("localhost:8001", gate.Verify(true))
//
// [ParseRules] says who may see which page. Everything else is denied. A path counts in every
// reading that a program may have of it: a request passes only if the rules allow all of
// them.
//
// # Security
//
// The upstream learns who the user is by headers, see [Headers]. It must be reachable only
// through the Gate or its proxy. It gets neither the session cookie nor the CSRF cookie, with
// which it could act as the user in Django.
//
// If nobody can tell who a visitor is, because the store is down, the answer is 503. It is
// never 401, and the request never passes.
//
// Some programs ignore spaces and dots at the end of a path's segment, or take a field
// "_method" of a form for the method. The rules for such an upstream must not depend on them.
package djgate
