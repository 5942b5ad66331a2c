package djsettings

// pgOptions are the OPTIONS that mean the same to libpq and to pgx.
var pgOptions = []string{"service", "servicefile", "passfile", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslpassword", "sslsni", "sslnegotiation", "connect_timeout",
	"target_session_attrs", "options", "application_name", "krbsrvname", "krbspn", "require_auth", "channel_binding",
	"sslcertmode", "min_protocol_version", "max_protocol_version"}

// pgFiles are the pgOptions that are paths.
var pgFiles = []string{"servicefile", "passfile", "sslcert", "sslkey", "sslrootcert"}
