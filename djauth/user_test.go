package djauth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

// Each way to have a session and not be logged in, and what it is called. Nothing
// becomes of the session: a hash that does not fit may be a mistake of ours.
func TestAnonymous(t *testing.T) {
	id, backend, sum := djauth.SessionKey, djauth.BackendSessionKey, djauth.HashSessionKey
	for _, test := range []struct {
		name  string
		items func(w *world) []serializer.Item
		why   error
	}{
		{"a cart", func(w *world) []serializer.Item { return []serializer.Item{item("cart", 1)} }, djauth.ErrNoUserID},
		{"no user id", func(w *world) []serializer.Item { return w.login(item(id, remove)) }, djauth.ErrNoUserID},
		{"null user id", func(w *world) []serializer.Item { return w.login(item(id, nil)) }, djauth.ErrNoUserID},
		{"empty user id", func(w *world) []serializer.Item { return w.login(item(id, "")) }, djauth.ErrUserID},
		{"text for a user id", func(w *world) []serializer.Item { return w.login(item(id, "1 OR 1=1")) }, djauth.ErrUserID},
		{"list for a user id", func(w *world) []serializer.Item { return w.login(item(id, []any{1})) }, djauth.ErrUserID},
		{"dict for a user id", func(w *world) []serializer.Item { return w.login(item(id, serializer.NewDict())) }, djauth.ErrUserID},
		{"huge user id", func(w *world) []serializer.Item { return w.login(item(id, strings.Repeat("9", 40))) }, djauth.ErrUserID},
		{"unknown user", func(w *world) []serializer.Item { return w.login(item(id, "99")) }, djauth.ErrNoUser},
		{"no backend", func(w *world) []serializer.Item { return w.login(item(backend, remove)) }, djauth.ErrBackend},
		{"null backend", func(w *world) []serializer.Item { return w.login(item(backend, nil)) }, djauth.ErrBackend},
		{"other backend", func(w *world) []serializer.Item { return w.login(item(backend, "evil.Backend")) }, djauth.ErrBackend},
		{"list for a backend", func(w *world) []serializer.Item {
			return w.login(item(backend, []any{djauth.ModelBackend}))
		}, djauth.ErrBackend},
		{"no hash", func(w *world) []serializer.Item { return w.login(item(sum, remove)) }, djauth.ErrHash},
		{"null hash", func(w *world) []serializer.Item { return w.login(item(sum, nil)) }, djauth.ErrHash},
		{"empty hash", func(w *world) []serializer.Item { return w.login(item(sum, "")) }, djauth.ErrHash},
		{"true for a hash", func(w *world) []serializer.Item { return w.login(item(sum, true)) }, djauth.ErrHash},
		{"short hash", func(w *world) []serializer.Item {
			return w.login(item(sum, hash(t, secret, encoded)[:63]))
		}, djauth.ErrHash},
		{"hash in capitals", func(w *world) []serializer.Item {
			return w.login(item(sum, strings.ToUpper(hash(t, secret, encoded))))
		}, djauth.ErrHash},
		{"hash of an old password", func(w *world) []serializer.Item {
			return w.login(item(sum, hash(t, secret, "an older one")))
		}, djauth.ErrHash},
		{"hash by another secret", func(w *world) []serializer.Item {
			return w.login(item(sum, hash(t, "another", encoded)))
		}, djauth.ErrHash},
		{"another user's hash", func(w *world) []serializer.Item { return w.login(item(id, "2")) }, djauth.ErrHash},
		{"inactive", func(w *world) []serializer.Item {
			return w.login(item(id, "3"), item(sum, hash(t, secret, "plain$left")))
		}, djauth.ErrInactive},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, readOnly := range []bool{false, true} {
				w := newWorld(t, func(o *djauth.Options) { o.ReadOnly = readOnly })
				key := w.put(test.items(w)...)
				_, before, err := w.store.Load(t.Context(), key)
				if err != nil {
					t.Fatal(err)
				}
				id, res := w.who(key)
				if id.IsAuthenticated() || id.ID() != "" || id.Name() != "" || id.Backend() != "" || id.Account() != nil {
					t.Fatal("somebody is logged in")
				}
				if err := id.Why(); !errors.Is(err, test.why) || !errors.Is(err, djauth.ErrAnonymous) {
					t.Errorf("got the reason %v, want %v", err, test.why)
				}
				if _, after, err := w.store.Load(t.Context(), key); err != nil || !after.Equal(before) {
					t.Errorf("read only %v: the session was touched (%v)", readOnly, err)
				}
				if len(res.Header["Set-Cookie"]) > 0 {
					t.Errorf("read only %v: a cookie was set", readOnly)
				}
			}
		})
	}
}

// Without a session the reason is that of the session.
func TestAnonymousWithoutSession(t *testing.T) {
	w := newWorld(t)
	expired := w.site.NewKey()
	r := &djsession.Record{Data: serializer.NewDict(w.login()...), Expires: now.Add(-time.Second)}
	if _, err := w.store.Create(t.Context(), expired, r); err != nil {
		t.Fatal(err)
	}
	corrupt := w.site.NewKey()
	w.store.Put(corrupt, "not signed at all", now.Add(time.Hour))
	for _, test := range []struct {
		name, key string
		why       error
	}{
		{"no cookie", "", djsession.ErrNoCookie},
		{"unknown", w.site.NewKey(), djsession.ErrNotFound},
		{"expired", expired, djsession.ErrExpired},
		{"corrupt", corrupt, djsession.ErrCorrupt},
	} {
		id, _ := w.who(test.key)
		if err := id.Why(); id.IsAuthenticated() || !errors.Is(err, test.why) || !errors.Is(err, djauth.ErrAnonymous) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.why)
		}
	}
	if got := w.people.take(); len(got) > 0 {
		t.Errorf("the users were asked %q", got)
	}
}

// What int(), and so Django, takes for the id of user 1 is the id of user 1.
func TestAuthenticated(t *testing.T) {
	for _, v := range []any{"1", int64(1), 1.0, 1.9, true, " 1 ", "+1", "01", "0_1"} {
		w := newWorld(t)
		id, _ := w.who(w.put(w.login(item(djauth.SessionKey, v))...))
		if !id.IsAuthenticated() || id.ID() != "1" || id.Name() != "ada" || id.Why() != nil || id.Backend() != djauth.ModelBackend {
			t.Errorf("%T %v: got %v, %v", v, v, id, id.Why())
		}
	}
}

func TestIDKinds(t *testing.T) {
	const id = "0123abcd-4567-89ef-0123-456789abcdef"
	for _, test := range []struct {
		kind djauth.IDKind
		in   any
		want string // "" for an error
	}{
		{djauth.IntegerID, "-5", "-5"},
		{djauth.IntegerID, serializer.Str2("5"), "5"},
		{djauth.IntegerID, "9223372036854775807", "9223372036854775807"},
		{djauth.IntegerID, "9223372036854775808", ""},
		{djauth.IntegerID, "0x10", ""},
		{djauth.IntegerID, "1__0", ""},
		{djauth.IntegerID, "_1", ""},
		{djauth.IntegerID, "- 1", ""},
		{djauth.IntegerID, "+-1", ""},
		{djauth.IntegerID, "1e3", ""},
		{djauth.IntegerID, 1e300, ""},
		{djauth.UUIDID, id, id},
		{djauth.UUIDID, strings.ToUpper(id), id},
		{djauth.UUIDID, strings.ReplaceAll(id, "-", ""), id},
		{djauth.UUIDID, "{" + id + "}", id},
		{djauth.UUIDID, "urn:uuid:" + id, id},
		{djauth.UUIDID, id[1:], ""},
		{djauth.UUIDID, "z" + id[1:], ""},
		{djauth.UUIDID, int64(1), "00000000-0000-0000-0000-000000000001"},
		{djauth.TextID, "Ada Lovelace", "Ada Lovelace"},
		{djauth.TextID, int64(1), "1"},
	} {
		got, err := test.kind.Parse(test.in)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%v %v: got %q, %v; want %q", test.kind, test.in, got, err, test.want)
		}
	}
}

// A hash that a fallback key made is good, and made anew under the same session key.
func TestFallbackKey(t *testing.T) {
	w := newWorld(t)
	key := w.put(w.login(item(djauth.HashSessionKey, hash(t, oldKey, encoded)), item("cart", 1))...)
	id, res := w.who(key)
	if id.Name() != "ada" {
		t.Fatalf("got %v", id.Why())
	}
	if next := newKey(res); next != key {
		t.Fatal("the session key was cycled, or no cookie set")
	}
	d := w.dict(key)
	if sum, _ := d.Get(djauth.HashSessionKey); sum != hash(t, secret, encoded) || d.Len() != 4 {
		t.Error("the hash was not made anew, or something was lost")
	}

	w = newWorld(t, func(o *djauth.Options) { o.ReadOnly = true })
	key = w.put(w.login(item(djauth.HashSessionKey, hash(t, oldKey, encoded)))...)
	if id, res := w.who(key); id.Name() != "ada" || newKey(res) != "" {
		t.Errorf("read only: got %v and a cookie %v", id.Why(), newKey(res) != "")
	}
}

// A place that is down is an error and nobody is anonymous by it.
func TestDown(t *testing.T) {
	down := djsession.Unavailable("test", errors.New("down"))
	for name, fail := range map[string]func(w *world){
		"sessions": func(w *world) { w.store.Fail(down) },
		"users":    func(w *world) { w.people.down = down },
	} {
		w := newWorld(t)
		key := w.put(w.login()...)
		fail(w)
		var err error
		w.do(httptest.NewRequest("GET", "/", nil), key, func(_ http.ResponseWriter, r *http.Request) {
			_, err = djauth.User(r.Context())
		})
		if !errors.Is(err, djsession.ErrUnavailable) || errors.Is(err, djauth.ErrAnonymous) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := djauth.User(t.Context()); !errors.Is(err, djauth.ErrNoMiddleware) {
		t.Errorf("without Middleware: got %v", err)
	}
}

// One question for a request, however often it is asked who it is.
func TestAskedOnce(t *testing.T) {
	w := newWorld(t)
	w.do(httptest.NewRequest("GET", "/", nil), w.put(w.login()...), func(_ http.ResponseWriter, r *http.Request) {
		for range 3 {
			id, err := djauth.User(r.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, perm := range []string{"blog.add_post", "blog.delete_post"} {
				if got, err := id.HasPerm(r.Context(), perm); err != nil || got != (perm == "blog.add_post") {
					t.Errorf("%s: got %v, %v", perm, got, err)
				}
			}
		}
	})
	if got := fmt.Sprint(w.people.take()); got != "[id grants]" {
		t.Errorf("asked %s, want one id and one grants", got)
	}
}

func TestPermissions(t *testing.T) {
	w := newWorld(t, func(o *djauth.Options) { o.Backends = []string{djauth.AllowAllUsersModelBackend, djauth.ModelBackend} })
	for _, test := range []struct {
		id, password, backend string
		has, all, module      bool
		groups, perms         int
	}{
		{"1", encoded, djauth.ModelBackend, true, false, true, 1, 3},
		{"2", "old$toor", djauth.ModelBackend, true, true, true, 0, 0},
		{"3", "plain$left", djauth.AllowAllUsersModelBackend, false, false, false, 0, 0},
	} {
		id, _ := w.who(w.put(w.login(item(djauth.SessionKey, test.id), item(djauth.BackendSessionKey, test.backend),
			item(djauth.HashSessionKey, hash(t, secret, test.password)))...))
		if !id.IsAuthenticated() {
			t.Fatalf("%s: %v", test.id, id.Why())
		}
		ctx := t.Context()
		has, err1 := id.HasPerm(ctx, "shop.view_item")
		all, err2 := id.HasPerms(ctx, "shop.view_item", "shop.delete_item")
		module, err3 := id.HasModulePerms(ctx, "shop")
		groups, err4 := id.Groups(ctx)
		perms, err5 := id.Permissions(ctx)
		if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
			t.Fatal(err)
		}
		if has != test.has || all != test.all || module != test.module || len(groups) != test.groups || len(perms) != test.perms {
			t.Errorf("%s: got %v %v %v, groups %q, permissions %q", test.id, has, all, module, groups, perms)
		}
		if other, _ := id.HasModulePerms(ctx, "sho"); other != test.all {
			t.Errorf("%s: a part of a label is taken for it", test.id)
		}
	}
	id, _ := w.who("")
	if has, err := id.HasPerm(t.Context(), "shop.view_item"); has || err != nil {
		t.Errorf("nobody: got %v, %v", has, err)
	}
	if groups, err := id.Groups(t.Context()); len(groups) > 0 || err != nil {
		t.Errorf("nobody: got %q, %v", groups, err)
	}
}

// With derived keys everything works that needs no SECRET_KEY; without the key of the
// hashes New says so.
func TestDerivedKeys(t *testing.T) {
	derive := func(salts ...string) signer.Keys {
		var ds []signer.DerivedKey
		for _, salt := range salts {
			d, err := signer.SecretKey(secret).Derive(salt, signer.SHA256)
			if err != nil {
				t.Fatal(err)
			}
			ds = append(ds, d...)
		}
		keys, err := signer.DerivedKeys(ds...)
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	const sessions, hashes = "django.contrib.sessions.SessionStoresigner", "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
	w := newWorld(t, func(s *djsession.Settings) { s.Keys = derive(sessions, hashes) })
	if id, _ := w.who(w.put(w.login()...)); id.Name() != "ada" {
		t.Errorf("got %v", id.Why())
	}
	site, err := djsession.NewSite(djsession.Settings{Keys: derive(sessions)})
	if err != nil {
		t.Fatal(err)
	}
	w.people.site = site
	if _, err := djauth.New(djsession.New(memstore.New(site)), w.people, nil, nil); !errors.Is(err, signer.ErrNoKey) {
		t.Errorf("without the key of the hashes: %v", err)
	}
}

// Hashes of old Djangos: SHA-1 before 3.1, both in 3.1 and 3.2.
func TestHashAlgorithms(t *testing.T) {
	sha1, err := signer.NewMAC(signer.SecretKey(secret), "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", signer.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	old := sha1.HexSum(encoded)
	for _, test := range []struct {
		django   djsession.DjangoVersion
		old, new bool
	}{
		{djsession.DjangoVersion{Major: 2, Minor: 2}, true, false},
		{djsession.DjangoVersion{Major: 3, Minor: 2}, true, true},
		{djsession.DjangoVersion{Major: 4, Minor: 2}, false, true},
		{djsession.DjangoVersion{}, false, true},
	} {
		w := newWorld(t, func(s *djsession.Settings) { s.Django = test.django })
		a, _ := w.who(w.put(w.login(item(djauth.HashSessionKey, old))...))
		b, _ := w.who(w.put(w.login()...))
		if a.IsAuthenticated() != test.old || b.IsAuthenticated() != test.new {
			t.Errorf("%v: SHA-1 %v, SHA-256 %v; want %v, %v", test.django, a.IsAuthenticated(), b.IsAuthenticated(), test.old, test.new)
		}
	}
}

// Nothing that prints an account or an identity prints a password.
func TestSecretsAreNotPrinted(t *testing.T) {
	w := newWorld(t)
	id, _ := w.who(w.put(w.login()...))
	a := id.Account()
	for _, text := range []string{
		fmt.Sprintf("%v %+v %#v %s %q", a, a, a, a, a.Password), fmt.Sprintf("%v %+v %#v", *a, *a, a.Password),
		fmt.Sprintf("%v %+v %#v", id, id, id), w.log.String(),
	} {
		if strings.Contains(text, "ada's hash") {
			t.Errorf("a password is in %q", text)
		}
	}
}

// In a pickle that Python 2 wrote, text is mostly str and not unicode.
func TestPython2(t *testing.T) {
	w := newWorld(t, func(s *djsession.Settings) {
		s.Serializer, s.Django = pickle.Serializer{Protocol: 2}, djsession.DjangoVersion{Major: 1, Minor: 11}
	})
	mac, err := signer.NewMAC(signer.SecretKey(secret), "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash", signer.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	key := w.put(item(djauth.SessionKey, serializer.Str2("1")), item(djauth.BackendSessionKey, serializer.Str2(djauth.ModelBackend)),
		item(djauth.HashSessionKey, serializer.Str2(mac.HexSum(encoded))))
	if id, _ := w.who(key); id.Name() != "ada" {
		t.Errorf("got %v", id.Why())
	}
}
