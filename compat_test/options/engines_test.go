package options_test

import (
	"cmp"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// ENGINEs of other packages keep the sessions in the table that Django's own would.
// timescale, CockroachDB and TiDB need servers that are not here.
func TestEngines(t *testing.T) {
	python := clients(t)
	for _, tt := range []struct {
		engine, options string
		apps            []string
	}{
		{engine: "django_prometheus.db.backends.sqlite3"},
		{engine: "django_prometheus.db.backends.postgresql", options: "{'connect_timeout': 5, 'hostaddr': '127.0.0.1', 'ssl_max_protocol_version': 'TLSv1.3'}"},
		{engine: "psqlextra.backend", apps: []string{"django.contrib.postgres", "psqlextra"}},
		{engine: "django_zero_downtime_migrations.backends.postgres"},
		{engine: "dj_db_conn_pool.backends.postgresql"},
		{engine: "django_prometheus.db.backends.mysql", options: "{'connect_timeout': 5, 'read_timeout': 9, 'sql_mode': 'STRICT_TRANS_TABLES'}"},
		{engine: "dj_db_conn_pool.backends.mysql"},
		{engine: "mysql.connector.django", options: "{'use_pure': True, 'time_zone': '+03:00', 'sql_mode': 'TRADITIONAL'}"},
		{engine: "django_psdb_engine"},
	} {
		t.Run(tt.engine, func(t *testing.T) {
			db := fmt.Sprintf("'ENGINE': '%s', 'OPTIONS': %s, ", tt.engine, cmp.Or(tt.options, "{}"))
			switch {
			case strings.Contains(tt.engine, "sqlite"):
				db += "'NAME': '" + filepath.Join(t.TempDir(), "db") + "'"
			case strings.Contains(tt.engine, "mysql"), strings.Contains(tt.engine, "psdb"):
				s := testserver.MariaDB(t)
				name := strings.ReplaceAll(tt.engine, ".", "_")
				admin, err := sql.Open("mysql", fmt.Sprintf("%s@tcp(%s)/", s.User, s.Addr()))
				if err != nil {
					t.Fatal(err)
				}
				defer admin.Close()
				if _, err := admin.Exec("CREATE DATABASE IF NOT EXISTS " + name + " CHARACTER SET utf8mb4"); err != nil {
					t.Fatal(err)
				}
				db += fmt.Sprintf("'NAME': '%s', 'USER': '%s', 'HOST': '%s', 'PORT': '%d'", name, s.User, s.Host, s.Port)
			default:
				s := testserver.PostgreSQL(t)
				db += fmt.Sprintf("'NAME': 'postgres', 'USER': '%s', 'HOST': '%s', 'PORT': '%d'", s.User, s.Host, s.Port)
			}
			d := django.Start(t, django.Site{
				Version: "5.2", Interpreter: python, Python: "DATABASES = {'default': {" + db + "}}\n",
				Settings: django.Args{"INSTALLED_APPS": append([]string{"django.contrib.sessions"}, tt.apps...), "SESSION_ENGINE": "django.contrib.sessions.backends.db"},
			})
			d.Call(t, "migrate", nil, nil)
			var printed string
			d.Call(t, "command", django.Args{"name": "diffsettings", "options": django.Args{"all": true}}, &printed)
			set, err := djsettings.Read(strings.NewReader(printed), nil)
			if err != nil {
				t.Fatal(err)
			}
			site, err := djsite.Open(t.Context(), set, &djsite.Options{SessionsOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			defer site.Close()
			key := d.Create(t, django.Args{"n": 1})
			s, err := site.Sessions.Open(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if n, _ := s.Get("n"); n != int64(1) {
				t.Fatalf("Go reads %v", n)
			}
			if err := s.Set("n", 2); err != nil {
				t.Fatal(err)
			}
			if err := s.Save(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := d.Load(t, key); got != `{"n": 2}` {
				t.Errorf("Django reads %s", got)
			}
			age := d.Text(t, "exec", django.Args{"code": "import datetime\nfrom django.contrib.sessions.models import Session\nfrom django.utils import timezone\nresult = round((Session.objects.get(pk=key).expire_date - timezone.now()).total_seconds() / 60)", "args": django.Args{"key": key}})
			if age != "20160" {
				t.Errorf("the session ends in %s minutes, want 20160", age)
			}
		})
	}
}
