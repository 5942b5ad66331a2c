package djsite

import "github.com/go-djsession/go-djsession/djsettings"

// Parameters returns the names of the parameters of a connection, and what Go sets.
func Parameters(kind djsettings.DatabaseKind) map[string]string {
	all := map[string]string{}
	for _, p := range parameters[kind] {
		all[p.name] = p.value
	}
	return all
}

// RedisTimeout is how long an answer of a Redis that has the sessions may take.
const RedisTimeout = redisTimeout
