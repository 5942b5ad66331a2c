package pickle

import "github.com/go-djsession/go-djsession/serializer"

// The classes and functions that make the named types, by their names in Python 3.
var (
	classMessage    = serializer.Global{Module: "django.contrib.messages.storage.base", Name: "Message"}
	classSafeString = serializer.Global{Module: "django.utils.safestring", Name: "SafeString"}
	classSafeText   = serializer.Global{Module: "django.utils.safestring", Name: "SafeText"}
	classZoneInfo   = serializer.Global{Module: "zoneinfo", Name: "ZoneInfo"}
	classTimeDelta  = serializer.Global{Module: "datetime", Name: "timedelta"}
	classObject     = serializer.Global{Module: "builtins", Name: "object"}
	classStr        = serializer.Global{Module: "builtins", Name: "str"}
	classSet        = serializer.Global{Module: "builtins", Name: "set"}
	classFrozenSet  = serializer.Global{Module: "builtins", Name: "frozenset"}
	classBytes      = serializer.Global{Module: "builtins", Name: "bytes"}
	// classReconstructor is a function.
	classReconstructor = serializer.Global{Module: "copyreg", Name: "_reconstructor"}
	classEncode        = serializer.Global{Module: "_codecs", Name: "encode"}
	classOrderedDict   = serializer.Global{Module: "collections", Name: "OrderedDict"}
	classDefaultDict   = serializer.Global{Module: "collections", Name: "defaultdict"}
	classGetattr       = serializer.Global{Module: "builtins", Name: "getattr"}
	classUUID          = serializer.Global{Module: "uuid", Name: "UUID"}
)
