package judges_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// TestKnownBackends: Login records the backend that Django's authenticate records, and HasPerm
// never says yes where has_perm says no. Where it says no without an error, has_perm does too.
func TestKnownBackends(t *testing.T) {
	const (
		axes, rules = "axes.backends.AxesStandaloneBackend", "rules.permissions.ObjectPermissionBackend"
		both        = "axes.backends.AxesBackend"
		guardian    = "guardian.backends.ObjectPermissionBackend"
		model       = djauth.ModelBackend
	)
	w := newApps(t, []string{"axes", "rules", "guardian"}, nil, nil, func(*sql.DB) djauth.Judge { return djauth.Judges() })
	var ada django.Args
	w.d.Exec(t, `
import rules
from django.contrib.auth.models import Permission, User
rules.add_perm("auth.by_rule", rules.always_allow)
rules.add_perm("auth", rules.is_staff)
u = User.objects.get(username="ada")
u.user_permissions.add(Permission.objects.get(codename="view_user"))
result = {"_auth_user_id": str(u.pk), "_auth_user_hash": u.get_session_auth_hash()}
`, nil, &ada)
	opts, err := dbusers.Detect(t.Context(), w.db, dbstore.SQLite, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{
		model, axes + " " + model, both + " " + model, rules + " " + model, guardian + " " + model, model + " " + rules, axes + " " + rules + " " + guardian + " " + model,
		djauth.RemoteUserBackend + " " + model, djauth.RemoteUserBackend + " " + rules + " " + djauth.AllowAllUsersModelBackend, rules, guardian, axes,
	} {
		backends := strings.Fields(list)
		w.d.Call(t, "settings", django.Args{"values": django.Args{"AUTHENTICATION_BACKENDS": backends}}, nil)
		var want struct {
			Backend string
			Perms   map[string]bool
			All     []string
			Session bool
		}
		w.d.Exec(t, `
from django.contrib.auth import authenticate, get_user
from django.contrib.auth.models import User
from django.test import RequestFactory
request = RequestFactory().post("/")
user = authenticate(request, username="ada", password="x")
ada = User.objects.get(username="ada")
request.session = dict(session, _auth_user_backend=first)
try:
    back = get_user(request).is_authenticated
except AttributeError:  # no get_user
    back = False
result = {
    "Backend": user.backend if user else "", "Session": back, "All": sorted(ada.get_all_permissions()),
    "Perms": {p: ada.has_perm(p) for p in ["auth.view_user", "auth.delete_user", "auth.by_rule"]},
}
`, django.Args{"session": ada, "first": backends[0]}, &want)
		users := dbusers.New(w.m.Site(), w.db, dbstore.SQLite, opts)
		auth, err := djauth.New(w.m, users, nil, &djauth.Options{Backends: backends})
		if err != nil {
			t.Fatal(err)
		}
		account, err := users.ByName(t.Context(), "ada")
		if err != nil {
			t.Fatal(err)
		}
		h := func(_ http.ResponseWriter, r *http.Request) {
			got, err := "", auth.Login(r.Context(), account, "")
			if err == nil {
				s, err := w.m.Load(r.Context())
				if err != nil {
					t.Fatal(err)
				}
				v, _ := s.Get(djauth.BackendSessionKey)
				got = fmt.Sprint(v)
			}
			if got != want.Backend || err != nil && !errors.Is(err, djauth.ErrBackend) {
				t.Errorf("%s: Login records %q, %v, and Django %q", list, got, err, want.Backend)
			}
		}
		w.m.Middleware(auth.Middleware(http.HandlerFunc(h))).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
		ada["_auth_user_backend"] = backends[0]
		id := identify(t, w, auth, w.d.Create(t, ada))
		if id.IsAuthenticated() != want.Session {
			t.Errorf("%s: a session by the first: got %v (%v), and Django says %v", list, id.IsAuthenticated(), id.Why(), want.Session)
		}
		ada["_auth_user_backend"] = backends[len(backends)-1]
		if id = identify(t, w, auth, w.d.Create(t, ada)); !id.IsAuthenticated() {
			continue
		}
		for perm, yes := range want.Perms {
			got, err := id.HasPerm(t.Context(), perm)
			if got && !yes || !got && yes && err == nil || err != nil && !errors.Is(err, djauth.ErrUnknownBackend) {
				t.Errorf("%s: %s: got %v, %v, and Django says %v", list, perm, got, err, yes)
			}
		}
		if all, err := id.Permissions(t.Context()); err != nil || strings.Join(all, " ") != strings.Join(want.All, " ") {
			t.Errorf("%s: got the permissions %q, %v, and Django has %q", list, all, err, want.All)
		}
	}
}

func identify(t *testing.T, w *apps, auth *djauth.Auth, key string) *djauth.Identity {
	t.Helper()
	s, err := w.m.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	id, err := auth.Identify(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
