// Package djsite opens what the settings of a Django site name: its databases, caches,
// sessions, users, CSRF and messages. It makes everything here work as that site does.
//
//	python manage.py diffsettings --all > settings.txt
//
//	set, err := djsettings.ReadFile("settings.txt", nil)
//	site, err := djsite.Open(ctx, set, nil)
//	defer site.Close()
//	http.ListenAndServe(addr, site.Middleware(mux))
//
// It is the only package here that makes engines, caches and tables of users, and it
// imports the drivers of all of them. A program that has one engine, and wants its driver
// only, makes that engine itself: djsettings imports no driver.
//
// # Compatibility
//
// Engines, caches, databases and their OPTIONS are those of djsettings.EngineKind,
// CacheKind and DatabaseKind. What was seen and is not honoured is in Site.Warnings. What
// a site has made itself (an engine, a KEY_FUNCTION, a serializer) is told by
// djsettings.Options, or is djsettings.ErrUnsupported.
//
// That the client used HTTPS, gunicorn and uvicorn take from the headers of a proxy on
// 127.0.0.1, ::1 or a unix socket, and so does a Site. Other proxies (FORWARDED_ALLOW_IPS)
// are no setting of Django: Options.Configure adds them to djsession.Settings.Proxies.
// A site with SECURE_PROXY_SSL_HEADER believes that header from every peer, as Django does.
//
// Parts that the site has not installed are nil: look at Site.Auth where users may be
// in no database.
//
// Unlike Django, Open makes neither an SQLite file nor a folder: one that is missing
// is taken for a wrong path.
//
// # Errors
//
// They say which setting leads nowhere. No text holds a secret; causes of drivers, which
// quote passwords, can be matched by errors.As and are not printed. A Site and a DB print
// without secrets under every verb.
package djsite
