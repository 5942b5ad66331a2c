// Package djsettings reads the settings of a Django site.
//
//	python manage.py diffsettings --all > settings.txt
//
//	set, err := djsettings.ReadFile("settings.txt", nil)
//
// It opens nothing and imports no driver. Package djsite opens what the settings name. To
// make the parts of a site by hand, call [Settings.Session].
//
// # Forms
//
// [Read] takes the output of manage.py diffsettings, with or without --all, also with
// --output unified; or a JSON object of settings. [FromMap] takes a map. The output of
// diffsettings holds Python's reprs. Read understands literals, paths, timedeltas and
// containers. It keeps everything else (an object, a lazy text) as text. Such a text is
// an error, with its line, only if it is needed. A missing setting has the default of the
// site's Django. [FromDSN] makes settings of a DSN.
//
// The version of that Django comes from [Options.Django], or from manage.py
// ([FromManage]). Else Read infers it from the names for which Django has defaults. In
// the output of --all these distinguish most versions. [Settings.DjangoFrom] says where
// the version comes from.
//
// # What differs where Go runs
//
// With [Options.Env] set to os.LookupEnv these variables replace what the settings say.
// An empty variable counts as none:
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
// In these names, _ stands for every character of an alias that is no letter or digit.
//
// # Compatibility
//
// [EngineKind], [CacheKind] and [DatabaseKind] list the engines, caches and databases.
// [Settings.Warnings] lists what was read and is not followed. [Options] describe what a
// site has made itself (an engine, a KEY_FUNCTION, a serializer).
//
// # Errors
//
// An error in a file has a line ([LineError]). No text holds a secret.
//
// # Security
//
// Reading evaluates nothing. Only [FromManage] runs code of the site. The input is
// bounded. Settings, and all types that hold a password, print without it under every
// verb.
package djsettings
