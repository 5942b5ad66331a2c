package pyclients

const (
	objects  = "objects of Python's side"
	timing   = "when Python gives up a dead connection"
	logins   = "is a way to log in that the driver here has not"
	password = "give PASSWORD"
)

// PostgreSQL are the OPTIONS of Django's postgresql: the arguments of psycopg 2 and 3, the
// parameters of libpq, and what Django itself takes.
var PostgreSQL = table("psycopg and libpq: OPTIONS",
	used("service servicefile passfile user password dbname database host hostaddr port connect_timeout options application_name target_session_attrs"),
	used("sslmode sslnegotiation sslcert sslkey sslcertmode sslpassword sslrootcert sslsni ssl_min_protocol_version ssl_max_protocol_version"),
	used("channel_binding require_auth krbsrvname krbspn gssencmode assume_role"),
	refused("is a list of revoked certificates, which pgx does not read", "leave it out of the settings for this process", either(falsy, one("")), "sslcrl sslcrldir"),
	refused("is a check of the server's user, which pgx does not make", "leave it out of the settings for this process", either(falsy, one("")), "requirepeer"),
	refused(logins, password, either(falsy, one("")), "scram_client_key scram_server_key oauth_issuer oauth_client_id oauth_client_secret oauth_scope"),
	refused("is for streams of changes", "leave it out", either(falsy, one("false", "off", "no", "0", "")), "replication"),
	refused("is a whole connection string", "give its parts by name", falsy, "dsn conninfo"),
	used("min_protocol_version"),
	passed("which versions of the protocol libpq may use", "max_protocol_version"),
	passed("which of several hosts is tried first", "load_balance_hosts"),
	passed("a name in the server's statistics", "fallback_application_name"),
	passed("encryption by Kerberos, which is not used here", "gsslib gssdelegation"),
	passed("a compression that no OpenSSL of today has", "sslcompression"),
	passed("a file for those who listen to libpq", "sslkeylogfile"),
	passed(timing, "keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout"),
	passed("the encoding of Python's side; Go asks for UTF-8", "client_encoding"),
	passed(objects, "connection_factory cursor_factory context row_factory async async_ autocommit"),
	passed("how Python begins its transactions", "isolation_level"),
	passed("how Python prepares statements and pools connections", "prepare_threshold server_side_binding pool MAX_CONNS REUSE_CONNS"),
)

// MySQL are the OPTIONS of Django's mysql, and of mysql.connector.django: the arguments of
// mysqlclient, PyMySQL and mysql.connector.
var MySQL = table("mysqlclient, PyMySQL, mysql.connector: OPTIONS",
	used("user passwd password db database host port unix_socket read_default_file read_default_group init_command isolation_level"),
	used("connect_timeout connection_timeout read_timeout write_timeout sql_mode time_zone"),
	used("ssl ssl_mode ssl_ca ssl_cert ssl_key ssl_key_password ssl_disabled ssl_verify_cert ssl_verify_identity tls_versions"),
	refused("is the server's public key, without which a password is sent to whoever has taken its place",
		"use TLS and leave it out", either(falsy, one("")), "server_public_key server_public_key_path"),
	refused(logins, password, either(falsy, one("")), "password1 password2 password3 auth_plugin_map krb_service_principal kerberos_auth_mode"+
		" oci_config_file oci_config_profile webauthn_callback fido_callback openid_token_file"),
	refused("is a whole connection string", "give its parts by name", falsy, "dsn"),
	refused("looks up the server in DNS, or has others beside it", "give host and port", falsy, "dns_srv failover"),
	refused("names files of options, which are read by read_default_file only", "give their values by name", falsy, "option_files option_groups"),
	refused("is a pipe of Windows", "give host and port", falsy, "named_pipe"),
	refused("keeps Python from connecting", "leave it out", falsy, "defer_connect"),
	passed("the character set of Python's side; Go's is utf8mb4", "charset collation use_unicode binary_prefix"),
	passed("which ciphers are allowed: Go allows only safe ones", "ssl_cipher tls_ciphersuites"),
	passed("a compressed connection", "compress"),
	passed("flags of the protocol; Go sets its own", "client_flag client_flags multi_statements"),
	passed("the first guess at how to log in; the server says how", "auth_plugin"),
	passed("from which address Python connects", "bind_address force_ipv6"),
	passed("names in the server's statistics", "program_name conn_attrs"),
	passed("files that a statement may send, of which Go has none", "local_infile local_infile_dir load_infile allow_local_infile allow_local_infile_in_path"),
	passed("Django sets it, and so does Go", "autocommit"),
	passed(objects, "conv cursorclass executemany_fallback converter_class converter_str_fallback use_pure buffered raw consume_results get_warnings raise_on_warnings max_allowed_packet"),
	passed(pools, "pool_name pool_size pool_reset_session"),
)

// MySQLSSL is the dict OPTIONS["ssl"] of mysqlclient and PyMySQL.
var MySQLSSL = table("mysqlclient, PyMySQL: ssl",
	used("ca capath cert key password check_hostname verify_mode"),
	passed("which ciphers are allowed: Go allows only safe ones", "cipher"),
)

// SQLite are the OPTIONS of Django's sqlite3: the arguments of sqlite3.connect, and what
// Django itself takes.
var SQLite = table("sqlite3: OPTIONS",
	used("database timeout uri init_command"),
	refused("is a class of the site's own, which may open another kind of file", "", class("sqlite3.Connection", "sqlite3.dbapi2.Connection"), "factory"),
	passed("how Python begins its transactions", "transaction_mode isolation_level autocommit"),
	passed(objects, "detect_types check_same_thread cached_statements"),
)
