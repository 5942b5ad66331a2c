package pyclients

import "strings"

// Pymemcache are the OPTIONS of PyMemcacheCache: the arguments of HashClient.
var Pymemcache = table("pymemcache: OPTIONS",
	used("key_prefix serde tls_context allow_unicode_keys connect_timeout timeout"),
	passed("text that is no pickle, which no session is", "encoding"),
	refused("chooses a server by a rule of the site's own", "leave it out for pymemcache's RendezvousHash", class("pymemcache.client.rendezvous.RendezvousHash"), "hasher"),
	passed("which pymemcache ignores beside a serde, and Django gives one", "serializer deserializer"),
	refused("is the site's own way of connecting", "leave it out for Python's sockets", class("socket", "gevent.socket", "gevent._socket3", "eventlet.green.socket"), "socket_module"),
	passed(sockets, "no_delay socket_keepalive"),
	passed("whether Python waits for the server's answer to a write", "default_noreply"),
	passed(pools, "use_pooling max_pool_size pool_idle_timeout lock_generator"),
	passed(failover, "ignore_exc retry_attempts retry_timeout dead_timeout"),
	refused("HashClient does not take, so that Django itself fails with it", "leave it out", nil,
		"server servers client attempts retry_delay retry_for do_not_retry_for"),
)

// Pylibmc are the OPTIONS of PyLibMCCache: the arguments of pylibmc's Client.
var Pylibmc = table("pylibmc: OPTIONS",
	used("behaviors"),
	passed("the binary protocol: both have the same items", "binary"),
	refused("is a user name or a password for SASL, which the client here has not", "let this process reach the memcached without one", either(falsy, one("")), "username password"),
	refused("Django gives itself", "leave it out", nil, "servers"),
	refused("no release of pylibmc takes as an OPTION", "leave it out; PYLIBMC_MIN_COMPRESS_LEN is the setting of django-pylibmc", nil, "min_compress_len"),
)

// plainHash are the values of pylibmc's hash that mean its default.
var plainHash = one("default", "0")

// PylibmcBehaviors are the behaviors of pylibmc, in OPTIONS["behaviors"], or in OPTIONS
// themselves before Django 1.11.
var PylibmcBehaviors = behaviors(table("pylibmc: behaviors",
	used("ketama ketama_weighted distribution namespace connect_timeout send_timeout receive_timeout _poll_timeout"),
	refused("chooses a server by another hash than the default one", "leave it out", plainHash, "hash"),
	refused("chooses a server by another hash than that of ketama or ketama_weighted", "leave it out", either(plainHash, one("md5", "1")), "ketama_hash"),
	refused("chooses a server by the key with its namespace", "leave it out", falsy, "_hash_with_prefix_key"),
	refused("chooses a server by their sorted names", "sort LOCATION and leave it out", falsy, "_sort_hosts"),
	refused("stores each value in several servers", "leave it out", falsy, "num_replicas"),
	passed(sockets, "no_block tcp_nodelay tcp_keepalive _io_msg_watermark _io_bytes_watermark _io_key_prefetch _socket_send_size _socket_recv_size"),
	passed("whether Python waits for the server's answer to a write", "_noreply buffer_requests"),
	passed("commands that Django does not use", "cas verify_keys"),
	passed(failover, "auto_eject remove_failed failure_limit retry_timeout _retry_timeout dead_timeout"),
	passed("the protocol of the pickles that Python writes; each can be read", "pickle_protocol"),
))

func behaviors(t *Table) *Table { t.Word = "behavior"; return t }

var pickles = class("pickle.", "_pickle.", "cPickle.", "builtins.", "Pickler", "Unpickler")

// PythonMemcached are the OPTIONS of MemcachedCache: the arguments of python-memcached.
var PythonMemcached = table("python-memcached: OPTIONS",
	used("socket_timeout"),
	passed("the protocol of the pickles that Python writes; each can be read", "pickleProtocol"),
	refused("is the site's own way of writing values", "leave it out for Python's pickle", pickles, "pickler unpickler"),
	refused("changes the keys by a function of the site", "leave it out", falsy, "key_encoder"),
	refused("puts the site's own ids into pickles", "leave it out", falsy, "pload pid"),
	passed("values that are compressed, which Django never asks for", "compressor decompressor"),
	passed("what Python does not send because it is too large", "server_max_key_length server_max_value_length check_keys"),
	passed(failover, "dead_retry flush_on_reconnect"),
	passed("what Python prints or remembers", "debug cache_cas"),
	refused("Django gives itself", "leave it out", nil, "servers"),
)

// BMemcached are the OPTIONS of django-bmemcached: the arguments of python-binary-memcached.
var BMemcached = table("python-binary-memcached: OPTIONS",
	used("socket_timeout"),
	refused("is a user name or a password for SASL, which the client here has not", "let this process reach the memcached without one", either(falsy, one("")), "username password"),
	refused("gives values as bytes", "leave it out", falsy, "raw_data"),
	refused("compresses values by another module than zlib", "leave it out", class("zlib"), "compression"),
	refused("is the site's own way of writing values", "leave it out for Python's pickle", pickles, "pickler unpickler"),
	passed("the protocol of the pickles that Python writes; each can be read", "pickle_protocol"),
	refused("is TLS by a context that only Python can read", "", falsy, "tls_context"),
	refused("Django gives itself", "leave it out", nil, "servers"),
)

// DjangosCaches are the OPTIONS of Django's caches in files, tables and memory.
var DjangosCaches = func() *Table {
	t := table("Django's caches in files, tables and memory: OPTIONS",
		passed("how many entries Python leaves in the cache; Go removes none", "MAX_ENTRIES CULL_FREQUENCY"))
	t.lenient = true
	return t
}()

// Namespace returns the text of the behavior namespace or of a key_prefix: a str or bytes.
// ok is false for anything else.
func Namespace(v any) (text string, ok bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, !strings.ContainsFunc(v, func(r rune) bool { return r > 0x7e })
	case []byte:
		return string(v), true
	}
	return "", false
}
