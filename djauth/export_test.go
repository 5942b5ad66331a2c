package djauth

import "context"

// Account returns what Users.ByID and Options.UserCache give.
func (a *Auth) Account(ctx context.Context, id string) (*Account, error) {
	return a.account(ctx, id, new(lookup))
}
