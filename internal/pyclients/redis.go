package pyclients

import "strings"

// Reasons that several options share.
const (
	pools    = "how Python pools its connections"
	repeats  = "when Python tries again; Go tries again by rules of its own"
	sockets  = "Python's sockets"
	names    = "what the server's statistics call the client"
	moved    = "how Python follows a server that is being replaced"
	copies   = "copies that Python keeps in its memory"
	locals   = "what Python does with an error"
	failover = "which servers Python leaves out after an error; Go leaves out none"
)

// asciiCompatible are encodings that write ASCII as it is. Keys and passwords that are not
// ASCII are looked at by djsettings.
var asciiCompatible = one("utf-8", "utf8", "utf_8", "u8", "ascii", "us-ascii", "latin-1", "latin1", "latin_1", "iso-8859-1", "iso8859-1", "cp1252", "windows-1252")

// UTF8 reports whether the value of an option encoding means UTF-8.
func UTF8(v any) bool { return v == nil || one("utf-8", "utf8", "utf_8", "u8")(v) }

var parsers = class("redis.", "valkey.", "hiredis.", "libvalkey.")

// redisConnection are the arguments of redis-py's connections and pools.
var redisConnection = []map[string]Option{
	used("host port path db username password socket_timeout socket_connect_timeout client_name protocol connection_class"),
	used("ssl_cert_reqs ssl_check_hostname ssl_ca_certs ssl_ca_path ssl_ca_data ssl_certfile ssl_keyfile ssl_password ssl_min_version"),
	refused("must name an encoding that writes ASCII as it is", "set it to utf-8, or leave it out", asciiCompatible, "encoding"),
	passed("text that UTF-8 cannot hold", "encoding_errors"),
	refused("makes Django's own client fail to read a value that is no text", "leave it out", falsy, "decode_responses"),
	refused("is the site's own way of reading the server's answers", "", parsers, "parser_class"),
	refused("is the site's own way of writing commands", "", falsy, "command_packer"),
	refused("is a function of the site that runs on each connection", "", falsy, "redis_connect_func valkey_connect_func"),
	refused("gives a user and a password that only Python can get", "give them as username and password, or in the URL", falsy, "credential_provider"),
	refused("is a check of the server's certificate that is not made here", "", falsy,
		"ssl_validate_ocsp ssl_validate_ocsp_stapled ssl_ocsp_context ssl_ocsp_expected_cert ssl_include_verify_flags"),
	passed("flags that Go never sets", "ssl_exclude_verify_flags"),
	passed("which ciphers are allowed: Go allows only safe ones", "ssl_ciphers"),
	refused("is taken by the pool of Sentinel alone", "write rediss:// in the URL", falsy, "ssl"),
	passed(sockets, "socket_keepalive socket_keepalive_options socket_type socket_read_size health_check_interval"),
	passed(repeats, "retry retry_on_timeout retry_on_error"),
	passed(pools, "max_connections timeout queue_class connection_pool_class_name"),
	passed("answers of commands that no cache sends", "legacy_responses himport_registry"),
	passed(names, "lib_name lib_version driver_info"),
	passed(copies, "cache cache_config cache_factory cache_class cache_size cache_ttl cache_deny_list cache_allow_list cache_policy cache_enabled cache_max_size client_cache"),
	passed(moved, "parser event_dispatcher maint_notifications_config maint_notifications_pool_handler maintenance_state maintenance_notification_hash"+
		" orig_host_address orig_socket_timeout orig_socket_connect_timeout oss_cluster_maint_notifications_handler"),
}

// notOfConnections are arguments of the class Redis that a connection does not take.
var notOfConnections = refused("no connection takes, so that Django itself fails with it", "leave it out", nil,
	"connection_pool unix_socket_path single_connection_client auto_close_connection_pool charset errors from_url")

// sentinelPool are the arguments of redis-py's Sentinel and its pool.
var sentinelPool = []map[string]Option{
	used("ssl"),
	passed("how many Sentinels must agree for Python", "min_other_sentinels check_connection"),
	refused("puts another address in the place of the server's", "let the Sentinels tell the address", falsy, "force_master_ip"),
	refused("chooses a replica, which takes no writes", "leave it out", either(truthy, one("true", "1", "yes")), "is_master"),
	refused("is set by the factory", "leave it out", nil, "service_name sentinel_manager sentinel_kwargs sentinels"),
}

func either(a, b func(any) bool) func(any) bool {
	return func(v any) bool { return a(v) && !zeroText(v) || b(v) }
}

// zeroText reports whether v is a text that to_bool of redis-py takes for false.
func zeroText(v any) bool {
	s, ok := v.(string)
	return ok && (s == "" || one("0", "f", "false", "n", "no")(strings.TrimSpace(s)))
}

// RedisCache are the OPTIONS of Django's RedisCache.
var RedisCache = table("RedisCache: OPTIONS", append(redisConnection[:len(redisConnection):len(redisConnection)],
	used("serializer"),
	refused("is a pool of the site's own", "", class("redis.ConnectionPool", "redis.BlockingConnectionPool",
		"redis.connection.ConnectionPool", "redis.connection.BlockingConnectionPool"), "pool_class"),
	notOfConnections)...)

// RedisQuery are the arguments in the query of a cache's Redis URL. Only those of Sentinel's
// pool are more than the connection's.
var RedisQuery = table("redis-py: URL", append(redisConnection[:len(redisConnection):len(redisConnection)], sentinelPool[1:]...)...)

// RedisSessionsQuery are the same for django-redis-sessions, which takes text and bytes.
var RedisSessionsQuery = table("django-redis-sessions: URL", append(redisConnection[:len(redisConnection):len(redisConnection)],
	passed("text or bytes: this engine stores text", "decode_responses"))...)

// DjangoRedisPool are CONNECTION_POOL_KWARGS of django-redis and django-valkey.
var DjangoRedisPool = table("django-redis: CONNECTION_POOL_KWARGS", append(append(redisConnection[:len(redisConnection):len(redisConnection)],
	notOfConnections), sentinelPool...)...)

// DjangoRedisSentinel are SENTINEL_KWARGS of django-redis: arguments for the connections to
// the Sentinels. djsite compares those about TLS with those of the Redis.
var DjangoRedisSentinel = table("django-redis: SENTINEL_KWARGS", append(redisConnection[:len(redisConnection):len(redisConnection)],
	used("ssl"),
	refused("no Sentinel takes", "leave it out", nil, "connection_pool from_url"),
	passed(pools, "unix_socket_path single_connection_client auto_close_connection_pool charset errors"))...)

// DjangoRedisClient are REDIS_CLIENT_KWARGS of django-redis. Its pool has been made before,
// so that the class Redis ignores what is about connections.
var DjangoRedisClient = func() *Table {
	t := table("django-redis: REDIS_CLIENT_KWARGS")
	t.lenient = true
	const why = "an argument that redis-py does not use beside a pool"
	for _, name := range append(DjangoRedisPool.Names(), DjangoRedisSentinel.Names()...) {
		t.options[name] = Option{Fate: Passed, Why: why}
	}
	return t
}()

var djangoRedis = []map[string]Option{
	used("CLIENT_CLASS SERIALIZER COMPRESSOR PICKLE_VERSION PASSWORD SOCKET_TIMEOUT SOCKET_CONNECT_TIMEOUT CONNECTION_POOL_KWARGS SENTINEL_KWARGS" +
		" SENTINELS CONNECTION_FACTORY"),
	refused("is the site's own way of reading the server's answers", "", parsers, "PARSER_CLASS PARSER_CLS"),
	refused("is a pool of the site's own", "", class("redis.ConnectionPool", "redis.BlockingConnectionPool", "redis.connection.", "redis.sentinel.",
		"valkey.connection.", "valkey.sentinel.", "valkey.ConnectionPool", "valkey.BlockingConnectionPool"), "CONNECTION_POOL_CLASS"),
	refused("is a client of the site's own", "", class("redis.Redis", "redis.StrictRedis", "redis.client.Redis", "redis.client.StrictRedis",
		"valkey.Valkey", "valkey.client.Valkey"), "REDIS_CLIENT_CLASS BASE_CLIENT_CLASS"),
	passed("arguments that the client does not use beside a pool", "REDIS_CLIENT_KWARGS BASE_CLIENT_KWARGS"),
	passed(locals, "IGNORE_EXCEPTIONS LOG_IGNORED_EXCEPTIONS LOG_IGNORE_EXCEPTIONS"),
	passed("which replicas Python reads from", "REPLICA_READ_ONLY"),
	passed("when Python closes its connections", "CLOSE_CONNECTION"),
	passed("how many entries a cache may have that removes them itself", "MAX_ENTRIES CULL_FREQUENCY"),
	passed("how long one Python makes a new value for all", "CACHE_HERD_TIMEOUT"),
	passed("how Python finds the name in a key", "REVERSE_KEY_FUNCTION"),
	passed("how many keys Python lists at a time", "ITERSIZE"),
	refused("is not read by any release of this package", "give it in CONNECTION_POOL_KWARGS or in the URL", nil, "USERNAME DB HOST PORT SSL"),
}

// DjangoRedis are the OPTIONS of django-redis, and DjangoValkey those of django-valkey. Both
// ignore names that they do not know.
var DjangoRedis, DjangoValkey = func() (*Table, *Table) {
	r, v := table("django-redis: OPTIONS", djangoRedis...), table("django-valkey: OPTIONS", djangoRedis...)
	r.lenient, v.lenient = true, true
	return r, v
}()
