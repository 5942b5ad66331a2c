package djsite

import (
	"strconv"
	"strings"
)

// The MySQL clients of Python.
const (
	pyMySQL     = "PyMySQL"
	mysqlOracle = "mysqlclient on libmysqlclient"
	mysqlMaria  = "mysqlclient on libmariadb"
)

// mysqlClient returns the site's client of a database, or "" if nothing says which.
func (db entry) mysqlClient() string {
	p := db.set.Profile
	if p == nil || p.Databases[db.Alias] == nil || p.Databases[db.Alias].Driver == nil {
		return ""
	}
	d := p.Databases[db.Alias].Driver
	switch {
	case strings.HasPrefix(strings.ToLower(d.Module), "pymysql"):
		return pyMySQL
	case d.Library == "libmariadb":
		return mysqlMaria
	case d.Library == "libmysqlclient":
		return mysqlOracle
	}
	return ""
}

// redisLooksAtNames reports whether the site's client checks the name in a server's
// certificate unless an option says otherwise: redis-py does from version 6 on, valkey-py
// does not. Without a profile no setting says the version.
func (a *redisArgs) redisLooksAtNames() bool {
	if a.valkey {
		return false
	}
	if a.set == nil || a.set.Profile == nil {
		return true
	}
	major, _, _ := strings.Cut(a.set.Profile.Versions.Packages["redis"], ".")
	n, err := strconv.Atoi(major)
	return err != nil || n >= 6
}
