package hostile_test

import (
	"database/sql"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djcache"
	"github.com/go-djsession/go-djsession/djcache/dbcache"
	"github.com/go-djsession/go-djsession/djcache/filecache"
	"github.com/go-djsession/go-djsession/djcache/locmem"
	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cacheddbstore"
	"github.com/go-djsession/go-djsession/djsession/cachestore"
	"github.com/go-djsession/go-djsession/djsession/cookiestore"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/movingstore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/cachevalue"
	"github.com/go-djsession/go-djsession/internal/console"
	"github.com/go-djsession/go-djsession/internal/convert"
	"github.com/go-djsession/go-djsession/internal/handover"
	"github.com/go-djsession/go-djsession/internal/payload"
	"github.com/go-djsession/go-djsession/internal/testkit/hostile"
	"github.com/go-djsession/go-djsession/internal/unverified"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
	"github.com/go-djsession/go-djsession/signer"
)

// walk is what functions do with a value, with a Dict that holds one, or with bytes that
// are read as one. What they return doesn't matter here, but what it costs does.
type walk struct {
	names string // of the functions, as in functionsOverValues
	value func(t *testing.T, v any)
	dict  func(t *testing.T, d *serializer.Dict)
	bytes func(t *testing.T, data []byte)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	site = must(djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("hostile")}))
	// pickled is a site whose sessions hold every value.
	pickled = must(djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("hostile"), Serializer: pickle.Serializer{}}))
)

func look(d *serializer.Dict) {
	for range d.All() {
		continue
	}
}

// store writes and reads d in a new store.
func store(open func(t *testing.T) djsession.Store) func(*testing.T, *serializer.Dict) {
	return func(t *testing.T, d *serializer.Dict) {
		s := open(t)
		key := s.Site().NewKey()
		v, err := s.Create(t.Context(), key, &djsession.Record{Data: d, Expires: time.Now().Add(time.Hour)})
		if err != nil {
			return // over a limit, or not in this format
		}
		r, seen, err := s.Load(t.Context(), key)
		if err != nil {
			t.Errorf("it was stored, and cannot be read: %v", err)
			return
		}
		look(r.Data)
		r.Data = r.Data.With("y", "1")
		_, _ = s.Update(t.Context(), key, r, seen)
		_ = v
		if fresh, ok := s.(djsession.FreshLoader); ok {
			_, _, _ = fresh.LoadFresh(t.Context(), key)
		}
		if late, ok := s.(djsession.ExpiredLoader); ok {
			_, _, _ = late.LoadExpired(t.Context(), key)
		}
		_ = djsession.LoadMany(t.Context(), s, []string{key}, func(string, *djsession.Record, error) {})
		if c, ok := s.(djsession.Cycler); ok {
			_, _ = c.Cycle(t.Context(), key, djsession.Force, s.Site().NewKey(), r)
		}
	}
}

// cache writes and reads d in a new cache.
func cache(open func(t *testing.T) djcache.Cache) func(*testing.T, *serializer.Dict) {
	return func(t *testing.T, d *serializer.Dict) {
		c, end := open(t), time.Now().Add(time.Hour)
		if _, err := c.Add(t.Context(), "k", d, end); err != nil {
			return
		}
		item, err := c.Get(t.Context(), "k")
		if err != nil {
			t.Errorf("it was stored, and cannot be read: %v", err)
			return
		}
		look(item.Value)
		if past, ok := djcache.As[djcache.Recaller](c); ok {
			recalled, err := past.Recall(item.Version)
			if err != nil {
				t.Errorf("it was stored, and cannot be recalled: %v", err)
			}
			look(recalled)
		}
		_, _ = c.Replace(t.Context(), "k", item.Value.With("y", "1"), end, djsession.Force)
		_, _ = c.Set(t.Context(), "k", d, end)
	}
}

// format writes and reads d.
func format(s serializer.Serializer) func(*testing.T, *serializer.Dict) {
	return func(t *testing.T, d *serializer.Dict) {
		data, err := s.Dumps(nil, d)
		if err != nil {
			return
		}
		again, err := s.Loads(data)
		if err != nil {
			t.Errorf("it was written, and cannot be read: %v", err)
			return
		}
		look(again)
		_, _ = s.Dumps(nil, again.With("y", int64(1)))
	}
}

func reads(s serializer.Serializer) func(*testing.T, []byte) {
	return func(_ *testing.T, data []byte) {
		if d, err := s.Loads(data); err == nil {
			look(d)
		}
	}
}

func database(t *testing.T) *sql.DB {
	db := must(sql.Open("sqlite", ":memory:"))
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func execute(t *testing.T, db *sql.DB, text string) *sql.DB {
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	return db
}

// session puts v into a session of the engine of caches, which holds every value.
func session(t *testing.T, v any) {
	m := djsession.New(cachestore.New(locmem.New(pickled, nil), nil))
	s := must(m.Open(t.Context(), ""))
	if s.Set("x", v) != nil {
		return
	}
	s.Get("x")
	_, _ = djsession.Value[any](s, "x", nil)
	_, _ = djsession.Value[[]any](s, "x", nil)
	_ = djsession.Edit(s, "x", func(v *any) error { *v = []any{*v}; return nil })
	_ = s.SetAll(map[string]any{"y": v, "z": v})
	_, _ = s.SetDefault("w", v)
	_ = s.Renew("x", v)
	_ = s.Update(func(tx *djsession.Tx) error { tx.Get("x"); return tx.Set("x", v) })
	for range s.Values() {
		continue
	}
	for range s.Items() {
		continue
	}
	_, _, _ = s.Pop("z")
	look(s.Dict())
	_ = s.Save(t.Context())
}

var walks = []walk{
	{names: "djsession.ReaderOf", dict: func(_ *testing.T, d *serializer.Dict) {
		_, _ = djsession.Value[any](djsession.ReaderOf(d), "x", nil)
	}},
	{names: "djauth.IDKind.Parse", value: func(_ *testing.T, v any) {
		for _, kind := range []djauth.IDKind{djauth.IntegerID, djauth.UUIDID, djauth.TextID} {
			_, _ = kind.Parse(v)
		}
	}},
	{names: "djsession.Value djsession.Edit djsession.Session.Dict djsession.Session.Get djsession.Session.Items djsession.Session.Pop djsession.Session.Renew djsession.Session.Set djsession.Session.SetAll djsession.Session.SetDefault djsession.Session.Values djsession.Tx.Get djsession.Tx.Set", value: session},
	{names: "djsession.Site.Encode djsession.Site.Decode", dict: func(t *testing.T, d *serializer.Dict) {
		for _, s := range []*djsession.Site{site, pickled} {
			text, err := s.Encode(d)
			if err != nil {
				continue
			}
			again, err := s.Decode(text)
			if err != nil {
				t.Errorf("it was encoded, and cannot be decoded: %v", err)
			}
			look(again)
		}
	}},
	{names: "internal/unverified.Error.Dict", dict: func(t *testing.T, d *serializer.Dict) {
		text, err := pickled.Encode(d)
		if err == nil {
			_, err = unverified.Wrap(text, signer.ErrBadSignature).Dict(pickle.Serializer{}, signer.Limits{})
		}
		if err != nil && text != "" {
			t.Error(err)
		}
	}},
	{names: "djsession.Site.ExpireAtBrowserClose djsession.Site.ExpiryAge djsession.Site.ExpiryDate", value: func(_ *testing.T, v any) {
		d := serializer.NewDict(serializer.Item{Key: "_session_expiry", Value: v})
		_, _ = site.ExpireAtBrowserClose(d)
		_, _ = site.ExpiryAge(d, time.Now())
		_, _ = site.ExpiryDate(d, time.Now())
	}},
	{names: "djsession/memstore.Store.Create djsession/memstore.Store.Load djsession/memstore.Store.LoadExpired djsession/memstore.Store.LoadFresh djsession/memstore.Store.Update djsession.LoadMany", dict: store(func(*testing.T) djsession.Store { return memstore.New(site) })},
	{names: "djsession/movingstore.Store.Create djsession/movingstore.Store.Load djsession/movingstore.Store.LoadFresh djsession/movingstore.Store.Update", dict: store(func(*testing.T) djsession.Store {
		return must(movingstore.New(memstore.New(pickled), memstore.New(pickled), &movingstore.Options{}))
	})},
	{names: "djsession/cacheddbstore.Store.Create djsession/cacheddbstore.Store.Load djsession/cacheddbstore.Store.LoadExpired djsession/cacheddbstore.Store.LoadFresh djsession/cacheddbstore.Store.Update djsession/cacheddbstore.Store.Cycle", dict: store(func(*testing.T) djsession.Store {
		return must(cacheddbstore.New(memstore.New(site), locmem.New(site, nil), nil))
	})},
	{names: "internal/handover.Clean internal/handover.Mover.Reserve internal/handover.Noted", dict: func(t *testing.T, d *serializer.Dict) {
		m := &handover.Mover{Old: memstore.New(pickled), New: memstore.New(pickled)}
		r := &djsession.Record{Data: d, Expires: time.Now().Add(time.Hour)}
		handover.Noted("k", r)
		look(handover.Clean(r).Data)
		_, _ = m.Reserve(t.Context(), pickled.NewKey(), r)
	}},
	{names: "internal/handover.Mover.Load internal/handover.Mover.Move", dict: func(t *testing.T, d *serializer.Dict) {
		m, key := &handover.Mover{Old: memstore.New(pickled), New: memstore.New(pickled), Lease: time.Second}, pickled.NewKey()
		if _, err := m.Old.Create(t.Context(), key, &djsession.Record{Data: d, Expires: time.Now().Add(time.Hour)}); err != nil {
			return
		}
		if _, _, err := m.Load(t.Context(), key, djsession.ErrNotFound); err != nil {
			t.Errorf("it was stored, and cannot be moved: %v", err)
		}
	}},
	{names: "djsession/cachestore.Store.Create djsession/cachestore.Store.Load djsession/cachestore.Store.Update", dict: store(func(*testing.T) djsession.Store { return cachestore.New(locmem.New(site, nil), nil) })},
	{names: "djsession/filestore.Store.Create djsession/filestore.Store.Load djsession/filestore.Store.LoadExpired djsession/filestore.Store.Update", dict: store(func(t *testing.T) djsession.Store { return must(filestore.New(pickled, t.TempDir(), nil)) })},
	{names: "djsession/dbstore.Store.Create djsession/dbstore.Store.Cycle djsession/dbstore.Store.Load djsession/dbstore.Store.LoadExpired internal/djangodb.Table.LoadExpired djsession/dbstore.Store.LoadMany djsession/dbstore.Store.Update internal/djangodb.Table.Create internal/djangodb.Table.Cycle internal/djangodb.Table.Load internal/djangodb.Table.LoadMany internal/djangodb.Table.Update",
		dict: store(func(t *testing.T) djsession.Store {
			db := execute(t, database(t), `CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY, session_data text NOT NULL, expire_date datetime NOT NULL)`)
			return dbstore.New(pickled, db, dbstore.SQLite, nil)
		})},
	{names: "djsession/cookiestore.Sealer.Seal djsession/cookiestore.Sealer.Unseal", dict: func(t *testing.T, d *serializer.Dict) {
		for _, s := range []*djsession.Site{site, pickled} {
			sealer := must(cookiestore.New(s, nil))
			if text, err := sealer.Seal(&djsession.Record{Data: d}); err == nil {
				r, err := sealer.Unseal(text)
				if err != nil {
					t.Errorf("it was sealed, and cannot be unsealed: %v", err)
					continue
				}
				look(r.Data)
			}
		}
	}},
	{names: "djcache/locmem.Cache.Add djcache/locmem.Cache.Get djcache/locmem.Cache.Recall djcache/locmem.Cache.Replace djcache/locmem.Cache.Set", dict: cache(func(*testing.T) djcache.Cache { return locmem.New(site, nil) })},
	{names: "djcache/filecache.Cache.Add djcache/filecache.Cache.Get djcache/filecache.Cache.Replace djcache/filecache.Cache.Set", dict: cache(func(t *testing.T) djcache.Cache { return must(filecache.New(site, t.TempDir(), nil)) })},
	{names: "djcache/dbcache.Cache.Add djcache/dbcache.Cache.Get djcache/dbcache.Cache.Replace djcache/dbcache.Cache.Set internal/djangodb.Table.Add internal/djangodb.Table.Set", dict: cache(func(t *testing.T) djcache.Cache {
		db := execute(t, database(t), `CREATE TABLE cache (cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires datetime NOT NULL)`)
		return dbcache.New(site, db, dbcache.SQLite, &dbcache.Options{Table: "cache"})
	})},
	{names: "djcache/rediscache.JSON.Dumps djcache/rediscache.JSON.Loads", dict: format(rediscache.JSON{}), bytes: reads(rediscache.JSON{})},
	{names: "djcache/rediscache.JSON.Freeze", value: func(_ *testing.T, v any) { _, _ = rediscache.JSON{}.Freeze(v) }},
	{names: "djcache/rediscache.MsgPack.Dumps djcache/rediscache.MsgPack.Loads", dict: format(rediscache.MsgPack{}), bytes: reads(rediscache.MsgPack{})},
	{names: "djcache/rediscache.MsgPack.Freeze", value: func(_ *testing.T, v any) { _, _ = rediscache.MsgPack{}.Freeze(v) }},
	{names: "djcache/rediscache.Herd", dict: format(rediscache.Herd(pickle.Serializer{}, time.Now)), bytes: reads(rediscache.Herd(pickle.Serializer{}, time.Now))},
	{names: "djcache/rediscache.Zlib", dict: format(rediscache.Zlib(pickle.Serializer{}, serializer.Limits{}))},
	{names: "internal/cachevalue.Codec.Dumps internal/cachevalue.Codec.Loads", dict: func(t *testing.T, d *serializer.Dict) {
		c := cachevalue.New(site)
		if data, err := c.Dumps("test", d); err == nil {
			look(must(c.Loads("test", data)))
		}
	}},
	{names: "internal/payload.Any.Dumps internal/payload.Any.Loads internal/payload.WasPickle", dict: format(payload.Any{}), bytes: reads(payload.Any{})},
	{names: "internal/payload.TypeName internal/payload.UserID", dict: func(_ *testing.T, d *serializer.Dict) {
		v, _ := d.Get("x")
		payload.TypeName(v)
		payload.UserID(serializer.NewDict(serializer.Item{Key: "_auth_user_id", Value: v}))
	}},
	{names: "internal/convert.ToJSON", dict: func(_ *testing.T, d *serializer.Dict) { convert.ToJSON(site, d) }},
	{names: "internal/console.Console.JSON", value: func(_ *testing.T, v any) {
		c := &console.Console{Stdout: io.Discard, Stderr: io.Discard}
		_ = c.JSON("  ", serializer.Item{Key: "x", Value: v})
	}},
	{names: "djsettings.FromMap djsettings.Params.Value", value: func(_ *testing.T, v any) {
		if s, err := djsettings.FromMap(map[string]any{"SECRET_KEY": "k", "DATABASES": map[string]any{"default": map[string]any{"ENGINE": "django.db.backends.sqlite3", "NAME": "a", "OPTIONS": map[string]any{"x": v}}}, "x": v}, nil); err == nil {
			s.Databases["default"].Options.Value("x")
		}
	}},
}

// noWalks are the other functions, with the reason.
var noWalks = map[string]string{
	"it looks at what a store, a cache or users can do":            "djauth.As djcache.As djsession.As",
	"a text as Site.Encode makes it, to a server":                  "djsession/pgxstore.Store.Create djsession/pgxstore.Store.Cycle djsession/pgxstore.Store.Load djsession/pgxstore.Store.LoadExpired djsession/pgxstore.Store.LoadMany djsession/pgxstore.Store.Update djsession/redisstore.Store.Create djsession/redisstore.Store.Cycle djsession/redisstore.Store.Load djsession/redisstore.Store.Update",
	"a value as one of the formats makes it, to a server":          "djcache/memcached.Cache.Add djcache/memcached.Cache.Get djcache/memcached.Cache.Recall djcache/memcached.Cache.Replace djcache/memcached.Cache.Set djcache/rediscache.Cache.Add djcache/rediscache.Cache.Get djcache/rediscache.Cache.Recall djcache/rediscache.Cache.Replace djcache/rediscache.Cache.Set",
	"the data of a page, for html/template":                        "djcsrf.Protection.Page djcsrf.Protection.Render",
	"arguments of a format":                                        "internal/console.Console.Say internal/console.Console.Warn internal/demo.Demo.Step",
	"a number, a stream, or a value that stays unread":             "internal/base62.Parse internal/boxes.TypeOf internal/boxes.Any internal/console.Count internal/console.IsTerminal internal/console.Width internal/share.Ahead internal/share.Map internal/share.Pages",
	"arguments of a statement: texts, moments and numbers":         "internal/pgpool.Conn.Exec internal/pgpool.Conn.Query internal/sqldb.Clock.Arg internal/sqldb.Clock.Dest internal/sqldb.DB.Exec internal/sqldb.DB.Query internal/sqldb.Dialect.ExactArg internal/sqldb.Rows internal/sqldb.SQL.Exec internal/sqldb.SQL.Query internal/userstable/authsite.Tables.Exec",
	"settings in the form of Python, as deep as the reader allows": "internal/pyliteral.Dict.Get internal/pyliteral.Kind internal/pyliteral.Parse internal/pyliteral.Reader.Prefix internal/pyliteral.Sequence internal/pyliteral.Text internal/pyliteral.Truth internal/pyclients.Namespace internal/pyclients.Option.Harmless internal/pyclients.Path internal/pyclients.UTF8",
	"a text that somebody types, by the formats above":             "internal/payload.Codec.Decode internal/payload.Codec.Encode internal/payload.Parse internal/payload.ParseTagged internal/payload.ParseValue",
	"it keeps what it is given, for IDKind.Parse or Session.Set":   "djauth.Judgement.Find djauth.Verdict.WithReal djauth.Verdict.WithSession",
	"a value of a profile, in JSON of a bounded size":              "djsettings.Value.Any",
	"what a Django wrote, for tests":                               "internal/redisops/redistest.Vector.Dict",
}

// No function takes much time or memory for what is small, whatever it holds how often.
func TestWalksAreBounded(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a quarter of the time
	values, dicts, data := hostile.Values(), hostile.Dicts(t), hostile.Bytes()
	for _, w := range walks {
		first, _, _ := strings.Cut(w.names, " ")
		t.Run(first, func(t *testing.T) {
			if w.value != nil {
				for of, v := range values {
					hostile.Bounded(t, of, func() { w.value(t, v) })
				}
			}
			if w.dict != nil {
				for of, d := range dicts {
					hostile.Bounded(t, of, func() { w.dict(t, d) })
				}
			}
			if w.bytes != nil {
				for of, text := range data {
					hostile.Bounded(t, of, func() { w.bytes(t, slices.Clone(text)) })
				}
			}
		})
	}
}

// Every exported function that takes or returns a value is in one of the tables.
func TestWalksAreAll(t *testing.T) {
	found, listed := functionsOverValues(t), map[string]bool{}
	// Formats that a function returns as a Serializer.
	found["djcache/rediscache.Herd"], found["djcache/rediscache.Zlib"] = true, true
	add := func(names string) {
		for _, name := range strings.Fields(names) {
			if listed[name] {
				t.Errorf("%s is twice in the tables", name)
			}
			listed[name] = true
			if !found[name] {
				t.Errorf("there is no %s that takes or returns a value", name)
			}
		}
	}
	for _, w := range walks {
		add(w.names)
	}
	for _, names := range noWalks {
		add(names)
	}
	for name := range found {
		if !listed[name] {
			t.Errorf("%s takes or returns a value, and is in neither table", name)
		}
	}
}
