package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsite"
)

// rehearse lets the library itself open the site and read the session. It finds faults that
// no other check knows, so that "no fault" is reliable.
func (e *exam) rehearse(key string) {
	if e.faulty() {
		return
	}
	opts := e.opts.Open
	opts.Timeout, opts.MaxConns, opts.Configure = e.opts.Timeout, 2, e.configure
	configure := opts.ConfigureAuth
	opts.ConfigureAuth = func(o *djauth.Options) {
		if configure != nil {
			configure(o)
		}
		o.ReadOnly = true
	}
	site, err := djsite.Open(e.ctx, e.set, &opts)
	if err != nil {
		e.fault(Unexplained, fmt.Sprintf("The site does not open in Go: %s.", own(err)), "See the setting that is named.")
		return
	}
	defer func() { _ = site.Close() }() // nothing was written
	e.list(site, key)
	if key == "" || site.Sessions == nil || site.Sessions.Store() == nil {
		return
	}
	e.within(func(ctx context.Context) {
		_, _, err := site.Sessions.Store().Load(ctx, key)
		switch {
		case err == nil:
			e.identify(ctx, site, key)
		case errors.Is(err, djsession.ErrExpired):
			e.fault(Expired, "The session has expired.", "Log in anew.")
		default:
			e.fault(Unexplained, fmt.Sprintf("Go does not get at the session, for no reason that is known here: %s.", own(err)),
				"Compare these settings with those of the running Django, and report it if they agree.")
		}
	})
}

// identify lets djauth identify the user.
func (e *exam) identify(ctx context.Context, site *djsite.Site, key string) {
	s, err := site.Sessions.Open(ctx, key)
	if err != nil || site.Auth == nil || !s.Has(djauth.SessionKey) {
		return
	}
	id, err := site.Auth.Identify(ctx, s)
	switch {
	case err != nil:
		e.fault(Unexplained, fmt.Sprintf("Go cannot tell who is logged in, for no reason that is known here: %s.", own(err)), "Report it, if Django can.")
	case !id.IsAuthenticated():
		e.fault(Unexplained, fmt.Sprintf("Go takes the visitor for anonymous, for no reason that is known here: %s.", own(id.Why())), "Report it, if Django knows the user.")
	}
}
