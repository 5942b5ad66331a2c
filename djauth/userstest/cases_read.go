package userstest

import (
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
)

var idCases = []testCase{
	{
		name: "id/found",
		rule: "ByID returns the account with all its fields, moments in UTC to the microsecond.",
		run: func(e *env) {
			e.add()
			a := e.add(func(a *djauth.Account) { a.Staff = true })
			b := e.add(func(a *djauth.Account) { a.Superuser = true })
			e.wantStored(a)
			e.wantStored(b)
		},
	},
	{
		name: "id/nulls",
		rule: "Moments that are NULL are zero, and texts that are empty are empty.",
		run: func(e *env) {
			e.wantStored(e.add(func(a *djauth.Account) {
				a.LastLogin, a.Email, a.FirstName, a.LastName = time.Time{}, "", "", ""
			}))
		},
	},
	{
		name: "id/inactive",
		rule: "An inactive account is returned like all others, and so is one with an unusable password.",
		run: func(e *env) {
			e.wantStored(e.add(func(a *djauth.Account) { a.Active, a.Password = false, djauth.EncodedOf("!canary") }))
		},
	},
	{
		name: "id/absent",
		rule: "An id that nobody has is ErrNoUser.",
		need: remove,
		run: func(e *env) {
			e.add()
			_, err := e.byID(e.id(99))
			e.wantNoUser("never there", err)
			a := e.add()
			e.wantStored(a)
			e.Remove(e.T, a.ID)
			_, err = e.byID(a.ID)
			e.wantNoUser("removed", err)
		},
	},
	{
		name: "id/impossible",
		rule: "An id that no row can have is ErrNoUser, and never an error of the database.",
		run: func(e *env) {
			e.add()
			for _, id := range []string{
				"", "0", "-1", "2147483648", "-2147483649", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
				"x", "7000001x", "1 OR 1=1", "' OR ''='", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
				"\x00", "7000001\x00", "\xff", "canary", strings.Repeat("a", 5000), "😀", `\`, `"`, "{}", "NULL",
			} {
				_, err := e.byID(id)
				e.wantNoUser(id, err)
			}
		},
	},
	{
		name: "id/own",
		rule: "What is returned belongs to the caller: to change it changes nothing for others.",
		run: func(e *env) {
			want := e.add()
			got, err := e.byID(want.ID)
			e.must("ByID", err)
			*got = djauth.Account{ID: "other"}
			e.wantStored(want)
		},
	},
}

var nameCases = []testCase{
	{
		name: "name/found",
		rule: "ByName returns the account whose name that is, and no other.",
		run: func(e *env) {
			a, b := e.add(), e.add()
			for _, want := range []*djauth.Account{a, b} {
				got, err := e.byName(want.Name)
				e.must("ByName", err)
				e.wantSame(got, want)
			}
		},
	},
	{
		name: "name/absent",
		rule: "A name that nobody has is ErrNoUser, also one that no row can have, or that means something in SQL.",
		run: func(e *env) {
			e.add()
			for _, name := range []string{
				"", "nobody", "canary%", "canary_@example.com", "%", "' OR ''='", `\`, `"`, "`", "canary1@example.com'--",
				"\x00", "canary1@example.com\x00", "\xff\xfe", strings.Repeat("é", 5000), "😀", "canary1@example.co",
			} {
				_, err := e.byName(name)
				e.wantNoUser(name, err)
			}
		},
	},
	{
		name: "name/odd",
		rule: "Names are any text that Django takes for one.",
		run: func(e *env) {
			for _, name := range []string{"O'Neill", "Zoë", "山田", `a\b"c`, "a+b_c%d@example.com", "null", "0"} {
				want := e.add(func(a *djauth.Account) { a.Name = name })
				got, err := e.byName(name)
				e.must("ByName", err)
				e.wantSame(got, want)
			}
		},
	},
	{
		name: "name/case",
		rule: "Names are compared as the site's database compares them.",
		run: func(e *env) {
			want := e.add()
			got, err := e.byName(strings.ToUpper(want.Name))
			if !e.h.FoldsCase {
				e.wantNoUser("in capitals", err)
				return
			}
			e.must("ByName", err)
			e.wantSame(got, want) // the name is the stored one
		},
	},
}

var manyCases = []testCase{
	{
		name: "many/found",
		rule: "ByIDs finds the account of each id once, whatever the order and however often it is named; others are left out.",
		need: many | remove,
		run: func(e *env) {
			a, b, gone := e.add(), e.add(func(a *djauth.Account) { a.Active = false }), e.add()
			e.add()
			e.Remove(e.T, gone.ID)
			got := e.byIDs([]string{b.ID, e.id(98), a.ID, gone.ID, "\x00", "", "' OR ''='", a.ID, e.id(99)})
			if len(got) != 2 || got[a.ID] == nil || got[b.ID] == nil {
				e.Fatalf("got %d accounts, want 2 of two ids", len(got))
			}
			e.wantSame(got[a.ID], a)
			e.wantSame(got[b.ID], b)
		},
	},
	{
		name: "many/none",
		rule: "Of no ids, and of such as no row can have, nobody is found.",
		need: many,
		run: func(e *env) {
			e.add()
			if got := e.byIDs(nil); len(got) != 0 {
				e.Errorf("got %d accounts", len(got))
			}
			if got := e.byIDs([]string{"\x00", "\xff"}); len(got) != 0 {
				e.Errorf("got %d accounts", len(got))
			}
		},
	},
	{
		name: "many/odd",
		rule: "Ids of any text are told apart.",
		need: many,
		run: func(e *env) {
			if e.Users.IDKind() != djauth.TextID {
				e.Skip("ids are no text")
			}
			var ids []string
			for _, id := range []string{`a"b`, `a\`, "a,b", "{a}", "NULL", "a b", "é", "'"} {
				ids = append(ids, e.add(func(a *djauth.Account) { a.ID = id }).ID)
			}
			e.add(func(a *djauth.Account) { a.ID = "a" })
			got := e.byIDs(ids)
			if len(got) != len(ids) {
				e.Errorf("got %d accounts, want %d", len(got), len(ids))
			}
			for _, id := range ids {
				if got[id] == nil {
					e.Errorf("%q is missing", id)
				}
				a, err := e.byID(id)
				if e.must("ByID", err); a.ID != id {
					e.Errorf("got %q, want %q", a.ID, id)
				}
			}
		},
	},
	{
		name: "many/many",
		rule: "There may be more ids than a statement takes.",
		need: many,
		run: func(e *env) {
			a := e.add()
			var ids []string
			for i := range 1500 {
				ids = append(ids, e.id(10000+i))
			}
			ids = append(ids, a.ID)
			if got := e.byIDs(ids); len(got) != 1 || got[a.ID] == nil {
				e.Errorf("got %d accounts, want 1", len(got))
			}
		},
	},
	{
		name: "many/within",
		rule: "The caller may use the Users while it is told of accounts.",
		need: many,
		run: func(e *env) {
			a, b := e.add(), e.add()
			n := 0
			err := e.loader.ByIDs(e.ctx, []string{a.ID, b.ID}, func(found *djauth.Account) {
				n++
				_, err := e.byID(found.ID)
				e.must("ByID within ByIDs", err)
			})
			e.must("ByIDs", e.check("ByIDs", err))
			if n != 2 {
				e.Errorf("got %d accounts, want 2", n)
			}
		},
	},
}

var grantCases = []testCase{
	{
		name: "grants/none",
		rule: "Nothing was given to an account without permissions and groups, and to an id that nobody has.",
		need: grants,
		run: func(e *env) {
			other := e.add()
			e.Grant(e.T, other.ID, []string{"auth.add_user"}, map[string][]string{"Editors": {"auth.view_user"}})
			for _, id := range []string{e.add().ID, e.id(99), "\x00", ""} {
				e.wantGrants(id, "", "")
			}
		},
	},
	{
		name: "grants/own",
		rule: "The account's own permissions are app_label.codename, sorted.",
		need: grants,
		run: func(e *env) {
			a := e.add()
			e.Grant(e.T, a.ID, []string{"shop.view_item", "auth.change_user", "auth.add_user"}, nil)
			e.wantGrants(a.ID, "auth.add_user auth.change_user shop.view_item", "")
		},
	},
	{
		name: "grants/groups",
		rule: "The permissions of all its groups count, each once; groups without any are named too.",
		need: grants,
		run: func(e *env) {
			a, b := e.add(), e.add()
			groups := map[string][]string{
				"Zoo": nil, "Editors": {"shop.view_item", "shop.add_item"}, "Éditeurs": {"shop.add_item", "auth.add_user"},
			}
			e.Grant(e.T, a.ID, []string{"auth.add_user", "shop.delete_item"}, groups)
			e.Grant(e.T, b.ID, []string{"auth.delete_user"}, map[string][]string{"Zoo": nil, "Admins": {"auth.view_group"}})
			e.wantGrants(a.ID, "auth.add_user shop.add_item shop.delete_item shop.view_item", "Editors Zoo Éditeurs")
			e.wantGrants(b.ID, "auth.delete_user auth.view_group", "Admins Zoo")
		},
	},
	{
		name: "grants/inactive",
		rule: "Grants does not look at Active and Superuser: Identity.HasPerm does.",
		need: grants,
		run: func(e *env) {
			for _, a := range []*djauth.Account{
				e.add(func(a *djauth.Account) { a.Active = false }),
				e.add(func(a *djauth.Account) { a.Superuser = true }),
			} {
				e.Grant(e.T, a.ID, []string{"auth.add_user"}, nil)
				e.wantGrants(a.ID, "auth.add_user", "")
			}
		},
	},
}

// wantGrants compares the grants with space-separated lists.
func (e *env) wantGrants(id, permissions, groups string) {
	e.Helper()
	g := e.grantsOf(id)
	if got := strings.Join(g.Permissions, " "); got != permissions {
		e.Errorf("permissions: got %q, want %q", got, permissions)
	}
	if got := strings.Join(g.Groups, " "); got != groups {
		e.Errorf("groups: got %q, want %q", got, groups)
	}
}
