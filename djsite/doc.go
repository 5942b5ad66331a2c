// Package djsite opens what the settings of a Django site name: its databases, caches,
// sessions, users, CSRF and messages. All parts then work as that site does.
//
//	python manage.py diffsettings --all > settings.txt
//
//	set, err := djsettings.ReadFile("settings.txt", nil)
//	site, err := djsite.Open(ctx, set, nil)
//	defer site.Close()
//	http.ListenAndServe(addr, site.Middleware(mux))
//
// It is the only package of this module that makes engines, caches and tables of users,
// and it imports the drivers of all of them. A program that has one engine and wants only
// its driver makes that engine itself: djsettings imports no driver.
//
// # Compatibility
//
// djsettings.EngineKind, CacheKind and DatabaseKind list the engines, caches and
// databases, with their OPTIONS. [Site.Warnings] lists what was read and is not followed.
// djsettings.Options describe what a site has made itself (an engine, a KEY_FUNCTION, a
// serializer); without a description it is djsettings.ErrUnsupported.
//
// A Site learns from the headers of a proxy on 127.0.0.1, ::1 or a unix socket whether
// the client used HTTPS, as gunicorn does. Which server runs Django, and which proxies it
// trusts (FORWARDED_ALLOW_IPS), is no setting of Django: a profile that was made inside of it
// says so, or djsettings.Options.Server and ForwardedAllowIPs do. A site with SECURE_PROXY_SSL_HEADER believes that header from
// every peer, as Django does.
//
// A part that the site has not installed is nil. If the users may be in no database,
// check [Site.Auth].
//
// Unlike Django, [Open] makes neither an SQLite file nor a folder: it takes a missing one
// for a wrong path.
//
// # Errors
//
// An error says which setting leads nowhere. No text holds a secret. The causes from
// drivers, which quote passwords, match by errors.As and are not printed. A Site and a DB
// print without secrets under every verb.
package djsite
