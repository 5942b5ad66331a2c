package dbstore_test

import (
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/storetest"
)

func TestSQLite(t *testing.T) {
	for _, test := range []struct {
		name, options string
		zone          *time.Location
		conns         int
	}{
		{"plain", "", nil, 0},
		{"busy_timeout", "_pragma=busy_timeout(5000)", nil, 0},
		{"local", "_pragma=busy_timeout(5000)", tehran, 0},
		{"WAL", "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)", nil, 0},
		{"one connection", "", nil, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := sqlite(t, test.options)
			d.conns = test.conns
			var skip map[string]string
			if test.name == "WAL" {
				skip = map[string]string{"context/stalled": "who reads a file with a WAL waits for nobody"}
			}
			storetest.Run(t, storetest.Harness{
				Skip:     skip,
				Settings: djsession.Settings{TimeZone: test.zone},
				Open:     d.opener(t),
			})
		})
	}
}

func TestPostgreSQL(t *testing.T) {
	for _, test := range []struct {
		name, options string
		zone          *time.Location
	}{
		{"USE_TZ", "", nil},
		{"local", "&timezone=Asia/Tehran", tehran},
		{"serializable", "&default_transaction_isolation=serializable", nil},
		{"simple protocol", "&default_query_exec_mode=simple_protocol", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := postgres(t)
			base := d.dsn
			d.dsn = func(addr string) string { return base(addr) + test.options }
			storetest.Run(t, storetest.Harness{
				Settings: djsession.Settings{TimeZone: test.zone},
				Open:     d.opener(t),
			})
		})
	}
}

func TestMariaDB(t *testing.T) {
	for _, test := range []struct {
		name, charset, options string
		zone                   *time.Location
	}{
		{"latin1", "latin1", "", nil},
		{"utf8mb4", "utf8mb4", "", nil},
		{"local", "utf8mb4", "parseTime=true&loc=Asia%2FTehran&clientFoundRows=true&interpolateParams=true", tehran},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := mysql(t, test.charset, test.options)
			storetest.Run(t, storetest.Harness{
				Settings: djsession.Settings{TimeZone: test.zone},
				Open:     d.opener(t),
			})
		})
	}
}
