// Package djsettings makes everything here work as a Django site does, from the
// site's own settings.
//
//	python manage.py diffsettings --all > settings.txt
//
//	set, err := djsettings.ReadFile("settings.txt", nil)
//	site, err := djsettings.Open(ctx, set, nil)
//	defer site.Close()
//	http.ListenAndServe(addr, site.Middleware(mux))
//
// # Forms
//
// Read takes what manage.py diffsettings prints, with or without --all, also with
// --output unified; or a JSON object of settings. FromMap takes a mapping. The
// values of the former are Python's reprs, of which literals, paths, timedeltas and
// the containers are understood; whatever else stands there (an object, a lazy
// text) is kept as text, and is an error, with its line, only where it is needed.
// A setting that is missing has Django's default, of the site's version.
//
// That version is given (Options.Django), or told by manage.py (FromManage), or
// inferred from which names Django itself has defaults for, which tells most
// versions from each other where the output is that of --all: Settings.DjangoFrom
// says how it is known.
//
// # What differs where Go runs
//
// With Options.Env set to os.LookupEnv these variables take the place of what the
// settings say; an empty one counts as none:
//
//	DJSESSION_SECRET_KEY             SECRET_KEY; the fallbacks of the settings then go
//	DJSESSION_SECRET_KEY_FALLBACKS   SECRET_KEY_FALLBACKS, one a line
//	DJSESSION_DATABASE_HOST          DATABASES["default"]["HOST"]; also _NAME, _USER,
//	                                 _PASSWORD, _PORT
//	DJSESSION_DATABASE_OTHER_HOST    the same of DATABASES["other"]
//	DJSESSION_CACHE_DEFAULT_LOCATION CACHES["default"]["LOCATION"], with commas
//	DJSESSION_SESSION_FILE_PATH      SESSION_FILE_PATH
//	DJSESSION_SESSION_REDIS_HOST     host in SESSION_REDIS; also _PORT, _DB, _PASSWORD, _URL
//
// In a name, whatever is no letter or digit of an alias is _.
//
// # Compatibility
//
// Engines, caches, databases and their OPTIONS are those of EngineKind, CacheKind
// and DatabaseKind. What was seen and is not honoured is in Settings.Warnings. What
// a site has made itself (an engine, a KEY_FUNCTION, a serializer) is told by
// Options, or is ErrUnsupported from Open.
//
// That the client used HTTPS, gunicorn and uvicorn take from the headers of a proxy on
// 127.0.0.1, ::1 or a unix socket, and so does a Site. Other proxies (FORWARDED_ALLOW_IPS)
// are no setting of Django: OpenOptions.Configure adds them to djsession.Settings.Proxies.
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
// Those of Read have a line (LineError). Those of Open say which setting leads
// nowhere. No text holds a secret; causes of drivers, which quote passwords, can be
// matched by errors.As and are not printed.
//
// # Security
//
// Reading evaluates nothing, and no code of the site runs but by FromManage. The
// input is bounded. Settings, and whatever of them holds a password, print without
// it under every verb.
package djsettings
