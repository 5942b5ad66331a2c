package demo

import (
	"context"
	"errors"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
)

// visitor is the user that a session logs in.
type visitor struct {
	name string // "" is nobody
	why  string // why it is nobody
}

func (v visitor) String() string {
	if v.name != "" {
		return v.name
	}
	return v.why
}

// loggedIn returns the user that a session logs in, or why there is none.
func (d *Demo) loggedIn(ctx context.Context, s *djsession.Session) (visitor, error) {
	key, _ := djsession.Value(s, djauth.SessionKey, "") // "" if it is not text; Identify says more
	id, err := d.site.Auth.Identify(ctx, s)
	if err != nil {
		return visitor{}, err
	}
	why := id.Why()
	switch {
	case why == nil:
		return visitor{name: id.Name()}, nil
	case errors.Is(why, djauth.ErrBackend):
		return visitor{why: "nobody: the site has no such backend"}, nil
	case errors.Is(why, djauth.ErrNoUser):
		return visitor{why: "nobody: the user is gone"}, nil
	case !errors.Is(why, djauth.ErrInactive) && !errors.Is(why, djauth.ErrHash):
		return visitor{why: "nobody: no user in it"}, nil
	}
	account, err := d.site.Auth.Users().ByID(ctx, key)
	if err != nil {
		return visitor{}, err
	}
	if errors.Is(why, djauth.ErrInactive) {
		return visitor{why: "nobody: " + account.Name + " is not active"}, nil
	}
	return visitor{why: "nobody: " + account.Name + " has another password since"}, nil
}
