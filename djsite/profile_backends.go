package djsite

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsettings"
)

// backendCode says which methods of a backend are code of the site's own: those that a class
// defines before the first one that is Django's own or well known.
type backendCode struct {
	*djsettings.Ancestry
	base string // that class, or ""
	at   int    // its place in Names
}

func (a *asked) backendCode(path string) (backendCode, bool) {
	c := a.profile.Ancestry[path]
	if c == nil || c.Function || c.OldStyle {
		return backendCode{}, false
	}
	b := backendCode{Ancestry: c, at: slices.IndexFunc(c.Names, func(name string) bool {
		known, _ := djauth.WellKnownBackend(name)
		return known || djauth.KnownBackend(name)
	})}
	if b.at >= 0 {
		b.base = c.Names[b.at]
	}
	return b, true
}

// own reports whether the site defines one of these methods. What a class does to its
// attributes when it is made, or when they are read, may be any of them.
func (b backendCode) own(methods ...string) bool {
	for _, name := range methods {
		by, has := b.Methods[name]
		if at := slices.Index(b.Names, by); has && (b.at < 0 || at < 0 || at < b.at) {
			return true
		}
	}
	return slices.ContainsFunc([]string{"__init__", "__new__", "__getattr__", "__getattribute__"}, func(name string) bool { return slices.Contains(b.Own, name) })
}

// vouches reports whether authenticate of the site's own may let somebody in by a name and a
// password.
func (b backendCode) vouches() bool {
	return b.own("authenticate") && (b.Vouches == nil || *b.Vouches)
}

// grants returns whether the backend has the permissions of the tables, or none. ok is false
// if code of the site's own takes part. A class behind one of Django's does, by super().
func (b backendCode) grants() (tables, ok bool) {
	methods := strings.Fields("has_perm has_module_perms get_all_permissions get_group_permissions get_user_permissions _get_permissions _get_user_permissions _get_group_permissions")
	if b.at < 0 { // Django passes a backend without these methods
		return false, !b.own(methods...)
	}
	behind := slices.ContainsFunc(b.Names[b.at:], func(name string) bool { return !strings.HasPrefix(name, "django.") })
	inner := slices.ContainsFunc(methods, func(name string) bool { return slices.Contains(b.Own, name) })
	return b.base != djauth.BaseBackend, !behind && !inner && !b.own(methods...)
}

// passwordless are the backends that judge sessions as these do, and take no passwords.
var passwordless = map[string]string{
	djauth.ModelBackend:               djauth.RemoteUserBackend,
	djauth.RemoteUserBackend:          djauth.RemoteUserBackend,
	djauth.AllowAllUsersModelBackend:  djauth.AllowAllUsersRemoteBackend,
	djauth.AllowAllUsersRemoteBackend: djauth.AllowAllUsersRemoteBackend,
	djauth.BaseBackend:                djauth.BaseBackend,
}

// backends tells what backends of the site's own do, as far as they leave it to those of
// Django or to well-known ones. Which class defines a method decides.
func (a *asked) backends() {
	a.like = map[string]string{}
	own, grants := maps.Clone(a.auth.OwnBackends), maps.Clone(a.auth.OwnGrants)
	if own == nil {
		own = map[string]string{}
	}
	if grants == nil {
		grants = map[string]bool{}
	}
	a.auth.OwnBackends, a.auth.OwnGrants = own, grants
	for _, path := range a.auth.Backends {
		known, _ := djauth.WellKnownBackend(path)
		b, ok := a.backendCode(path)
		if known || djauth.KnownBackend(path) || !ok {
			continue
		}
		if tables, ok := b.grants(); ok {
			grants[path] = tables
		}
		switch none := passwordless[b.base]; {
		case b.at < 0:
			if b.Methods["get_user"] == "" && !b.own() && !b.vouches() { // no session is its
				own[path] = djauth.BaseBackend
			}
		case b.own("get_user", "user_can_authenticate"):
		case !b.own("authenticate"):
			own[path] = b.base
		case !b.vouches() && none != "":
			own[path] = none
		case none != "" && b.base != djauth.BaseBackend:
			a.like[path] = b.base
		}
	}
	if len(a.like) == 0 {
		return
	}
	// An own authenticate may refuse for reasons of its own, so that it is not passed. The
	// sessions that it made are judged.
	auth, like := a.auth, a.like
	auth.CanAuthenticate = func(backend string, account *djauth.Account) bool {
		switch djauth.LikeBackend(cmp.Or(like[backend], auth.OwnBackends[backend], backend)) {
		case djauth.ModelBackend, djauth.RemoteUserBackend:
			return account.Active
		case djauth.AllowAllUsersModelBackend, djauth.AllowAllUsersRemoteBackend:
			return true
		}
		return false
	}
}

// unknown asks about the backends that let users in by code of their own. It comes after
// ConfigureAuth.
func (a *asked) unknown() {
	var names []string
	for _, path := range a.auth.Backends {
		vouches, asks := a.Queries.GetUser[path]
		known, _ := djauth.WellKnownBackend(path)
		switch {
		case known, djauth.KnownBackend(path), a.auth.OwnBackends[path] != "", a.like[path] != "":
		case asks && vouches != nil && len(vouches) == 0: // it finds nobody
		case !asks && a.profile.Ancestry[path] != nil && a.profile.Ancestry[path].Methods["get_user"] == "": // it cannot
		default:
			names = append(names, path)
		}
	}
	if len(names) > 0 {
		a.question("get_user or user_can_authenticate of %s is the site's own code: djauth.Options.OwnBackends or CanAuthenticate, in djsite.Options.ConfigureAuth, say what it does", strings.Join(names, ", "))
	}
}
