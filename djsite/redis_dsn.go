package djsite

import (
	"errors"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/redisops"
)

// redisByDSN returns the client for a DSN of [djsettings.FromDSN]. The parameters are those
// of go-redis. copies says that it has copies of rows only. Errors hold nothing of the DSN.
func redisByDSN(dsn string, copies bool) (redis.UniversalClient, error) {
	scheme, rest, _ := strings.Cut(dsn, "://")
	transport, form, _ := strings.Cut(strings.ToLower(scheme), "+")
	bounded := func(o *redis.Options) *redis.Options {
		limited(copies, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
		return o
	}
	switch form {
	case "":
		opts, err := redis.ParseURL(transport + "://" + rest)
		if err != nil {
			return nil, badRedisDSN(err)
		}
		return redis.NewClient(redisops.ClientOptions(bounded(opts))), nil
	case "unix":
		opts, err := redis.ParseURL("unix://" + rest)
		if err != nil {
			return nil, badRedisDSN(err)
		}
		return redis.NewClient(redisops.ClientOptions(bounded(opts))), nil
	}
	// The DSN has several hosts. The user, the database and the parameters go with the
	// first one.
	user, hosts := "", rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		hosts = rest[:i]
	}
	rest = rest[len(hosts):]
	if i := strings.LastIndexByte(hosts, '@'); i >= 0 {
		user, hosts = hosts[:i+1], hosts[i+1:]
	}
	addrs := strings.Split(hosts, ",")
	if form == "cluster" {
		u := transport + "://" + user + addrs[0] + rest
		for _, a := range addrs[1:] {
			sep := "?"
			if strings.Contains(u, "?") {
				sep = "&"
			}
			u += sep + "addr=" + url.QueryEscape(a)
		}
		opts, err := redis.ParseClusterURL(u)
		if err != nil {
			return nil, badRedisDSN(err)
		}
		limited(copies, &opts.DialTimeout, &opts.ReadTimeout, &opts.WriteTimeout, &opts.PoolTimeout)
		return redis.NewClusterClient(redisops.ClusterOptions(opts)), nil
	}
	// What is left is a Sentinel: /NAME/DB
	path, query, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "?")
	name, db, _ := strings.Cut(path, "/")
	params, err := url.ParseQuery(query)
	if err != nil || name == "" {
		return nil, badRedisDSN(errors.Join(err, errors.New("no name")))
	}
	password := params.Get("sentinel_password")
	params.Del("sentinel_password")
	opts, err := redis.ParseURL(transport + "://" + user + addrs[0] + "/" + db + "?" + params.Encode())
	if err != nil {
		return nil, badRedisDSN(err)
	}
	for i, a := range addrs {
		if !strings.Contains(a, ":") {
			addrs[i] = a + ":26379"
		}
	}
	bounded(opts)
	return redisops.NewFailoverClient(&redis.FailoverOptions{
		MasterName: name, SentinelAddrs: addrs, SentinelPassword: password,
		Username: opts.Username, Password: opts.Password, DB: opts.DB, TLSConfig: opts.TLSConfig,
		DialTimeout: opts.DialTimeout, ReadTimeout: opts.ReadTimeout, WriteTimeout: opts.WriteTimeout,
		PoolTimeout: opts.PoolTimeout,
	}), nil
}

func badRedisDSN(cause error) error {
	return badDSN("the DSN of Redis is not understood", `redis://user:password@host:6379/0, rediss:// with TLS
redis+unix:///run/redis.sock?db=0
redis+sentinel://host1:26379,host2:26379/mymaster/0
redis+cluster://host1:6379,host2:6379`, cause)
}

// badDSN returns a driver's error about its DSN.
func badDSN(text, want string, cause error) error {
	return &dsnError{DSNError: djsettings.DSNError{Text: text, Want: want}, cause: &cause}
}

// dsnError is a [djsettings.DSNError]. It matches its cause and does not print it.
type dsnError struct {
	djsettings.DSNError
	cause *error
}

// GoString keeps %#v from printing the fields.
func (e *dsnError) GoString() string { return e.Error() }

func (e *dsnError) Unwrap() []error { return []error{&e.DSNError, *e.cause} }
