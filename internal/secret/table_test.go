package secret_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djauth/pgxusers"
	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/dbcache"
	"github.com/go-djsession/go-djsession/djcache/filecache"
	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djcache/memcached"
	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djcsrf"
	"github.com/go-djsession/go-djsession/djgate"
	"github.com/go-djsession/go-djsession/djmessages"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/djsession/cookiestore"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/movingstore"
	"github.com/go-djsession/go-djsession/djsession/pgxstore"
	"github.com/go-djsession/go-djsession/djsession/redisstore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// row is one type of the table.
type row struct {
	v         any    // with the canary in each of its secrets
	holdsNone string // or why no value of the type holds a secret
	// inFields is why the value shows in an unexported field of another struct, where
	// no method of it is called: its fields are plain.
	inFields string
	// copied is why a copy of what v points to shows there, and v itself does not.
	copied string
}

// Reasons of more than one type.
const (
	plainValue = "a plain value that a caller took out of a session, as a string is"
	options    = "options: names, numbers and functions"
	constant   = "a number or a constant of the package"
	forTests   = "the harness of a test suite"
	byPointer  = "it is used by pointer, which prints as an address there"
)

type users struct {
	djauth.Users
	site *djsession.Site
}

func (u users) Site() *djsession.Site                              { return u.site }
func (users) RecordLogin(context.Context, string, time.Time) error { return nil }

func (users) IDKind() djauth.IDKind { return djauth.IntegerID }
func (users) ByID(context.Context, string) (*djauth.Account, error) {
	return account(), nil
}

func account() *djauth.Account {
	return &djauth.Account{ID: "7", Name: canary, Password: djauth.EncodedOf("md5$" + canary), Active: true, Email: canary, Extra: map[string]any{canary: canary}}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// settings are those of a site, with a password wherever there may be one.
const settings = `
SETTINGS_MODULE = 'site.settings'
SECRET_KEY = 'canary-secret'
SECRET_KEY_FALLBACKS = ['canary-older']
SESSION_ENGINE = 'django.contrib.sessions.backends.db'
SESSION_REDIS = {'host': 'localhost', 'password': 'canary', 'url': 'redis://:canary@localhost/0'}
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3', 'PASSWORD': 'canary', 'OPTIONS': {'password': 'canary', 'passfile': <canary>}}}
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache', 'LOCATION': ['redis://:canary@localhost/0'], 'OPTIONS': {'password': 'canary'}}}
INSTALLED_APPS = ['django.contrib.sessions']
`

// table has every exported type of the module.
func table(t *testing.T) map[string]row {
	ctx, now := t.Context(), time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	key := strings.Repeat(canary, 5)
	keys := signer.SecretKey(canary+"-secret", canary+"-older")
	set := djsession.Settings{Keys: keys, Now: func() time.Time { return now }}
	site := must(djsession.NewSite(set))
	data := serializer.NewDict(serializer.Item{Key: canary, Value: canary}, serializer.Item{Key: int64(1), Value: []any{canary}}, serializer.Item{Key: canary + "2", Value: serializer.RawJSON(`"canary"`)})
	record := &djsession.Record{Data: data, Expires: now.Add(time.Hour)}
	mem := memstore.New(site)
	must(mem.Create(ctx, key, record))
	_, version, err := mem.Load(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	var listed djsession.Listed
	for l := range mem.List(ctx, "") {
		listed = l
	}
	cache := locmem.New(site, nil)
	must(cache.Add(ctx, canary, data, now.Add(time.Hour)))
	item := must(cache.Get(ctx, canary))
	var listedName djcache.Listed
	for l := range cache.List(ctx, "", "") {
		listedName = l
	}
	manager := djsession.New(mem)
	session := must(manager.Open(ctx, key))
	var tx *djsession.Tx
	if err := session.Update(func(x *djsession.Tx) error { tx = x; return nil }); err != nil {
		t.Fatal(err)
	}
	auth := must(djauth.New(manager, users{site: site}, nil, nil))
	var identity *djauth.Identity
	manager.Middleware(auth.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := auth.Login(r.Context(), account(), ""); err != nil {
			t.Error(err)
		}
		identity = must(djauth.User(r.Context()))
	}))).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	logins, err := auth.Sessions(ctx, "7")
	if err != nil || len(logins) != 1 {
		t.Fatal(len(logins), err)
	}
	db := must(sql.Open("sqlite", ":memory:"))
	t.Cleanup(func() { db.Close() })
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", Password: canary})
	t.Cleanup(func() { client.Close() })
	signed := must(signer.Dumps(keys, []byte(canary+canary), signer.Options{}, false))
	django := must(djsettings.Read(strings.NewReader(settings), nil))
	text, err := os.ReadFile("../../djsettings/testdata/shop.profile")
	if err != nil {
		t.Fatal(err)
	}
	profiled := must(djsettings.Read(strings.NewReader(strings.NewReplacer("example password", canary, "Djsession-Probe@Example.COM", canary, "pbkdf2", canary, "md5$", canary).Replace(string(text))), nil))
	profile := profiled.Profile
	gated := must(djgate.New(must(djauth.New(djsession.New(mem), users{site: site}, nil, &djauth.Options{ReadOnly: true})), must(djgate.ParseRules(strings.NewReader("/ -> login"))), nil))
	opened := &djsite.Site{Settings: django, Sessions: manager, Users: users{site: site}, Auth: auth}
	derived := must(signer.NewDerivedKey("salt", signer.SHA256, []byte(strings.Repeat(canary, 6)[:32])))
	_, convertError := serializer.JSON{}.Freeze(map[string]any{canary: map[int]any{1: cannot{}}})
	_, decodeError := serializer.JSON{}.Loads([]byte(`{"` + canary + `": ` + canary))
	frozen := must(serializer.Freeze([]any{canary}, serializer.Limits{}))

	secrets := map[string]any{
		"signer.Keys": keys, "signer.DerivedKey": derived, "signer.MAC": must(signer.NewMAC(keys, "salt", signer.SHA256)),
		"signer.Signer": must(signer.New(keys, signer.Options{})), "signer.TimestampSigner": must(signer.NewTimestamp(keys, signer.Options{})),
		"signer.CookieSigner": must(signer.NewCookieSigner(keys, "name", signer.CookieOptions{})), "signer.Unverified": must(signer.InspectUnverified(signed, signer.Options{})),

		"value: frozen":           frozen,
		"serializer.ConvertError": as[*serializer.ConvertError](t, convertError), "serializer.DecodeError": as[*serializer.DecodeError](t, decodeError),
		"serializer.OrderedDict": &serializer.OrderedDict{Dict: data},

		"djsession.Tx": tx, "djsession.Record": record, "djsession.Version": version, "djsession.Listed": listed,
		"djsession.Manager": manager, "djsession.Site": site, "djsession.Settings": set,
		"djsession/memstore.Store": mem, "djsession/cachestore.Store": cachestore.New(cache, nil),
		"djsession/cacheddbstore.Store": must(cacheddbstore.New(mem, cache, nil)), "djsession/cookiestore.Sealer": must(cookiestore.New(site, nil)),
		"djsession/dbstore.Store": dbstore.New(site, db, dbstore.SQLite, nil), "djsession/filestore.Store": must(filestore.New(site, t.TempDir(), nil)),
		"djsession/movingstore.Store": must(movingstore.New(mem, mem, &movingstore.Options{})), "djsession/pgxstore.Store": pgxstore.New(site, nil, nil),
		"djsession/redisstore.Store": redisstore.New(site, client, nil), "djsession/redisstore.Server": redisstore.Server{Client: client}, "djsession/redisstore.Pool": redisstore.Pool{{Client: client}},

		"djcache.Item": item, "djcache.Listed": listedName, "djcache/locmem.Cache": cache, "djcache/dbcache.Cache": dbcache.New(site, db, dbcache.SQLite, nil),
		"djcache/filecache.Cache": must(filecache.New(site, t.TempDir(), nil)), "djcache/memcached.Cache": memcached.New(site, must(memcached.Modula("127.0.0.1:1")), nil),
		"djcache/rediscache.Cache": rediscache.New(site, client, nil), "djcache/rediscache.Ring": rediscache.NewRing([]string{"redis://:canary@a", "redis://:canary@b"}),

		"djauth.Encoded": djauth.EncodedOf("md5$" + canary), "djauth.Identity": identity, "djauth.UserSession": logins[0], "djauth.Auth": auth, "djgate.Gate": gated,
		"djauth/dbusers.Users": dbusers.New(site, db, dbstore.SQLite, nil), "djauth/pgxusers.Users": pgxusers.New(site, nil, nil),
		"djcsrf.Protection": must(djcsrf.New(manager, nil)), "djmessages.Framework": must(djmessages.New(manager, nil)), "djmessages.Message": djmessages.NewMessage(20, canary, canary),

		"djsettings.Secret": djsettings.NewSecret(canary), "djsettings.Params": django.Databases["default"].Options,
		"djsettings.Database": django.Databases["default"], "djsettings.Cache": django.Caches["default"], "djsettings.RedisSettings": django.Sessions.Redis, "djsettings.SessionSettings": django.Sessions,
		"djsettings.Value": profile.Users.Queries.AskedName, "djsettings.Vector": djsettings.Vector{Kind: "password", Input: profile.Databases["default"].Params, Output: djsettings.NewSecret(canary)},
		"djsettings.ProfileDatabase": profile.Databases["default"], "djsettings.ProfileUsers": profile.Users, "djsettings.ProfileQueries": profile.Users.Queries, "djsettings.ProfileQuery": profile.Users.Queries.ByName[0],
		"djsettings.ProfileWhere": djsettings.ProfileWhere{Column: "c", Value: profile.Users.Queries.AskedName},
		"djsite.Site":             opened, "djsettings.Options": djsettings.Options{Keys: keys}, "djsettings.DSNOptions": djsettings.DSNOptions{Options: djsettings.Options{Keys: keys}, Cache: djsettings.NewSecret(canary)}, "djsettings.ManageOptions": djsettings.ManageOptions{Options: djsettings.Options{Keys: keys}}, "djsettings.ProbeOptions": djsettings.ProbeOptions{ManageOptions: djsettings.ManageOptions{Options: djsettings.Options{Keys: keys}}},

		// Values of types that have no exported name, and errors around them.
		"value: unavailable": djsession.Unavailable("load session", errors.New(canary)), "value: corrupt": djsession.Corrupt("load session", cannot{canary}),
		"value: joined": errors.Join(convertError, djsession.Unavailable("save", cannot{canary})),
	}
	table := map[string]row{}
	for name, v := range secrets {
		table[name] = row{v: v}
	}
	for name, r := range map[string]row{
		"serializer.Dict":              {v: data, copied: byPointer},
		"djsession.Session":            {v: session, copied: byPointer},
		"serializer.DefaultDict":       {v: &serializer.DefaultDict{Factory: canary, Dict: data}, inFields: byPointer},
		"serializer.Object":            {v: &serializer.Object{Class: serializer.Global{Module: canary, Name: canary}, Args: serializer.Tuple{canary}, Items: []any{canary}, SetItems: []serializer.Item{{Key: canary, Value: canary}}, State: data, Kwargs: data}, inFields: byPointer},
		"serializer.Item":              {v: serializer.Item{Key: canary, Value: canary}, inFields: "both fields are plain, as in a map"},
		"serializer.Message":           {v: serializer.Message{Message: canary, ExtraTags: canary}, inFields: "a plain value of a pickle"},
		"djauth.Account":               {v: account(), inFields: "its name and e-mail are plain; the password is an Encoded, and everything returns a pointer"},
		"djauth.Judgement":             {v: djauth.Judgement{Session: djsession.ReaderOf(data), Account: account(), Path: canary, Query: url.Values{canary: {canary}}, Header: http.Header{canary: {canary}}}, inFields: "its request is plain, as net/http has it: a Judge gets it for one call"},
		"djauth.Verdict":               {v: djauth.SecondFactor("/"+canary).WithReal(canary).WithSession(canary, canary), inFields: "a plain value that a Judge returns"},
		"djcache/rediscache.Shard":     {v: rediscache.Shard{URL: "redis://:canary@a", Client: client}, inFields: "the URL is plain: a caller makes it for one call"},
		"djsettings.Settings":          {v: django, copied: byPointer},
		"djsettings.Profile":           {v: profile, copied: byPointer},
		"value: settings of a profile": {v: profiled, copied: byPointer},
		"djsite.DB":                    {v: &djsite.DB{Settings: django.Databases["default"], SQL: db}},
	} {
		table[name] = r
	}
	for reason, names := range map[string]string{
		plainValue: "serializer.Bytes serializer.ByteArray serializer.Str2 serializer.RawJSON serializer.Tuple serializer.Set serializer.FrozenSet serializer.SafeString serializer.Decimal serializer.Fraction serializer.UUID serializer.Path serializer.Date serializer.DateTime serializer.Time serializer.TimeDelta serializer.TimeZone serializer.ZoneInfo serializer.Pytz serializer.PytzFixed serializer.Global",
		constant:   "signer.Algorithm signer.CookieFormat djauth.IDKind djmessages.Level djmessages.Storage djsession.DjangoVersion djsession/dbstore.Dialect djsession/dbstore.UserKey djsession/movingstore.Phase djsettings.CacheKind djsettings.DatabaseKind djsettings.EngineKind djsession.Expiry",
		options:    "djsessiontest.ProveOptions serializer.Limits serializer.JSON serializer/pickle.Options serializer/pickle.Serializer signer.Limits signer.Options signer.CookieOptions djsession.Limits djsession.ReapOptions djsession/cacheddbstore.Options djsession/cachestore.Options djsession/cookiestore.Options djsession/dbstore.Options djsession/filestore.Options djsession/movingstore.Options djsession/pgxstore.Options djsession/redisstore.Options djcache.Keys djcache/dbcache.Options djcache/filecache.Options djcache/locmem.Options djcache/memcached.Options djcache/rediscache.Options djcache/rediscache.JSON djcache/rediscache.MsgPack djauth.AskOptions djauth/presets.AutoLogoutOptions djauth/presets.ImpersonateOptions djauth/presets.SessionSecurityOptions djauth/presets.SessionTimeoutOptions djauth.Options djauth.AuthHash djauth.Lookup djauth.Condition djauth/dbusers.Options djauth/dbusers.Columns djauth/dbusers.Parent djauth/hashers.Options djauth/hashers.Limits djauth/hashers.Argon2 djauth/hashers.BCrypt djauth/hashers.Crypt djauth/hashers.Digest djauth/hashers.PBKDF2 djauth/hashers.Scrypt djauth/hashers.Passwords djcsrf.Options djgate.Options djgate.Headers djgate.ProxyOptions djmessages.Options djsite.Options djsite.CacheFormat djsettings.CustomEngine djsettings.KeyFunction djsettings.AuthSettings djsettings.CSRFSettings djsettings.CookieSettings djsettings.MessageSettings djsettings.ProxySettings djauth.Judge",
		"what a Django wrote with keys of no site, for tests": "fixtures.Benchmark fixtures.CookieIn fixtures.CookieOut fixtures.ExpiryIn fixtures.ExpiryOut fixtures.File fixtures.JSONIn fixtures.JSONOut fixtures.LoginIn fixtures.LoginOut fixtures.Manifest fixtures.Result fixtures.Row fixtures.SessionIn fixtures.SessionOut fixtures.Set fixtures.Settings fixtures.SigningIn fixtures.SigningOut fixtures.Step fixtures.Tagged fixtures.User fixtures.Vector",
		forTests: "djsession/storetest.Engine djsession/storetest.Harness djauth/userstest.Engine djauth/userstest.Harness",
		"it tells how a signature was made, not what it signs":                       "signer.Info",
		"it tells of an operation: a name, a duration and an error of a store's own": "djsession.Event djmetrics.Metrics",
		"it is about the request: its browser and address":                           "djsession.Meta",
		"names of groups and permissions":                                            "djauth.Grants",
		"it holds a handle that the caller owns, and names of tables":                "djauth/presets.SQLDevices",
		"addresses of servers and proxies":                                           "djcache/memcached.Servers djsession.Proxies djsession.Server",
		"names of classes, tables, columns, pages and versions":                      "djgate.Rules djgate.Verdict djsettings.Ancestry djsettings.Missing djsettings.ProfileAnswer djsettings.ProfileAuthHash djsettings.ProfileCache djsettings.ProfileColumn djsettings.ProfileCookie djsettings.ProfileDriver djsettings.ProfileField djsettings.ProfileFlag djsettings.ProfileHashPart djsettings.ProfileImported djsettings.ProfileLink djsettings.ProfileManager djsettings.ProfileRoute djsettings.ProfileServer djsettings.ProfileSession djsettings.ProfileTable djsettings.ProfileThrough djsettings.ProfileVersions",
		"it names settings, and quotes no value":                                     "djsettings.Warning djsettings.LineError djsettings.DSNError djsite.Engine",
	} {
		for _, name := range strings.Fields(names) {
			if _, ok := table[name]; ok {
				t.Errorf("%s is twice in the table", name)
			}
			table[name] = row{holdsNone: reason}
		}
	}
	return table
}

// cannot is a value, and an error, that quotes a secret.
type cannot struct{ Text string }

func (cannot) MarshalJSON() ([]byte, error) { return nil, cannot{canary} }
func (c cannot) Error() string              { return c.Text }

func as[T error](t *testing.T, err error) T {
	t.Helper()
	var e T
	if !errors.As(err, &e) {
		t.Fatalf("got %v of another type", err)
	}
	return e
}
