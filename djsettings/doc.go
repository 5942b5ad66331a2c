// Package djsettings reads the settings of a Django site.
//
//	python manage.py diffsettings --all > settings.txt
//
//	set, err := djsettings.ReadFile("settings.txt", nil)
//
// It opens nothing and imports no driver. Package djsite opens what the settings name;
// Settings.Session is for who makes the parts of a site by hand.
//
// # Forms
//
// Read takes what manage.py diffsettings prints, with or without --all, also with
// --output unified; or a JSON object of settings. FromMap takes a mapping. The
// values of the former are Python's reprs, of which literals, paths, timedeltas and
// the containers are understood; whatever else stands there (an object, a lazy
// text) is kept as text, and is an error, with its line, only where it is needed.
// A setting that is missing has Django's default, of the site's version. FromDSN makes
// settings of the words of a DSN.
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
// Engines, caches and databases are those of EngineKind, CacheKind and DatabaseKind. What
// was seen and is not honoured is in Settings.Warnings. What a site has made itself (an
// engine, a KEY_FUNCTION, a serializer) is told by Options.
//
// # Errors
//
// They have a line (LineError), where a file was read. No text holds a secret.
//
// # Security
//
// Reading evaluates nothing, and no code of the site runs but by FromManage. The
// input is bounded. Settings, and whatever of them holds a password, print without
// it under every verb.
package djsettings
