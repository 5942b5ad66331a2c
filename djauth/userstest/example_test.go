package userstest_test

import (
	"context"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/userstest"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

// directory is a djauth.Users of your own, such as one on a service for accounts.
type directory struct {
	site *djsession.Site
	byID map[string]*djauth.Account
}

func (d *directory) Site() *djsession.Site { return d.site }
func (d *directory) IDKind() djauth.IDKind { return djauth.IntegerID }

func (d *directory) ByID(_ context.Context, id string) (*djauth.Account, error) {
	a, ok := d.byID[id]
	if !ok {
		return nil, djauth.ErrNoUser
	}
	found := *a // the result belongs to the caller
	return &found, nil
}

func (d *directory) ByName(ctx context.Context, name string) (*djauth.Account, error) {
	for id, a := range d.byID {
		if a.Name == name {
			return d.ByID(ctx, id)
		}
	}
	return nil, djauth.ErrNoUser
}

// The test of a Users of your own, which knows neither permissions nor passwords. Each name in
// Skip is a case, or a group of them, with the reason.
func Example() {
	_ = func(t *testing.T) { // func TestUsers
		userstest.Run(t, userstest.Harness{
			Open: func(t *testing.T) userstest.Engine {
				site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("for tests")})
				if err != nil {
					t.Fatal(err)
				}
				d := &directory{site: site, byID: map[string]*djauth.Account{}}
				return userstest.Engine{
					Users:  d,
					Put:    func(_ testing.TB, a *djauth.Account) { d.byID[a.ID] = a },
					Remove: func(_ testing.TB, id string) { delete(d.byID, id) },
				}
			},
			Skip: map[string]string{
				"grants/": "there are no permissions", "login/": "nobody logs in here", "password/": "there are no passwords",
				"many/": "accounts are asked for one by one", "down/": "a map is never down",
			},
		})
	}
}
