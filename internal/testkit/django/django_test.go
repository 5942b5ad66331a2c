package django_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/django"
)

// Every Django can run the commands that all tests use.
func TestDjangos(t *testing.T) {
	for _, version := range []string{"1.8", "1.11", "2.2", "3.2", "4.2", "5.2", "6.1"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			middleware := []string{"django.contrib.sessions.middleware.SessionMiddleware"}
			d := django.Start(t, django.Site{
				Version: version,
				Settings: django.Args{
					"DATABASES":      django.Args{"default": django.Args{"ENGINE": "django.db.backends.sqlite3", "NAME": filepath.Join(t.TempDir(), "db")}},
					"INSTALLED_APPS": []string{"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"},
					"MIDDLEWARE":     middleware, "MIDDLEWARE_CLASSES": middleware,
					"GREETING": "größe 密码",
				},
				Python: "FURTHER = GREETING + '!'\n",
				Files: map[string]string{
					"urls.py": "from views import hello\ntry:\n    from django.urls import re_path\nexcept ImportError:\n    from django.conf.urls import url as re_path\n\nurlpatterns = [re_path('^hello/$', hello)]\n",
					"views.py": "from django.conf import settings\nfrom django.http import HttpResponse\n\n\n" +
						"def hello(request):\n    request.session['seen'] = True\n    return HttpResponse(settings.FURTHER)\n",
				},
				Code: "def do_twice(n):\n    pause()\n    return 2 * n\n",
			})
			var about struct{ Django, Python string }
			d.Call(t, "about", nil, &about)
			if !strings.HasPrefix(about.Django, version+".") {
				t.Errorf("this is Django %s", about.Django)
			}
			d.Call(t, "migrate", nil, nil)
			key := d.Create(t, django.Args{"n": 1})
			for _, step := range []struct {
				name string
				args django.Args
				want string
			}{
				{"load", django.Args{"key": key}, `{"n": 1}`},
				{"set", django.Args{"key": key, "data": django.Args{"n": 2}}, `"saved"`},
				{"load", django.Args{"key": key}, `{"n": 2}`},
				{"delete", django.Args{"key": key}, `true`},
				{"delete", django.Args{"key": key}, `false`},
				{"load", django.Args{"key": key}, `null`},
				{"set", django.Args{"key": key, "data": django.Args{"n": 3}}, `"gone"`},
				{"load", django.Args{"key": "nobody", "engine": "django.contrib.sessions.backends.cache"}, `null`},
				{"clear", nil, `null`},
				{"sql", django.Args{"statement": "DELETE FROM django_session"}, `null`},
			} {
				if got := d.Text(t, step.name, step.args); got != step.want {
					t.Errorf("%s says %s, want %s", step.name, got, step.want)
				}
			}
			d.Call(t, "user", django.Args{"name": "anna"}, nil)
			var login, user string
			d.Call(t, "login", django.Args{"name": "anna"}, &login)
			d.Exec(t, "result = store(key)['_auth_user_id']", django.Args{"key": login}, &user)
			if user != "1" {
				t.Errorf("the user is %q, want 1", user)
			}
			var twice int
			if err := d.TryWhile("twice", django.Args{"n": 21}, func() { d.Call(t, "about", nil, nil) }, &twice); err != nil || twice != 42 {
				t.Errorf("got %d (%v)", twice, err)
			}
			var raised *django.Raised
			if err := d.Try("exec", django.Args{"code": "{}['x']", "args": django.Args{}}, nil); !errors.As(err, &raised) || raised.Class != "KeyError" {
				t.Errorf("got %v, want a KeyError", err)
			}
			d.Call(t, "settings", django.Args{"values": django.Args{"FURTHER": "changed"}}, nil)
			var answer struct {
				Status int
				Body   string
			}
			d.Call(t, "request", django.Args{"query": "", "path": "/hello/"}, &answer)
			if answer.Status != 200 || answer.Body != "changed" {
				t.Errorf("got %+v", answer)
			}
			d.Call(t, "settings", django.Args{"values": django.Args{}}, nil)
			var port int
			d.Call(t, "listen", nil, &port)
			resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/hello/", port))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if body, err := io.ReadAll(resp.Body); string(body) != "größe 密码!" || len(resp.Cookies()) != 1 {
				t.Errorf("got %q, %v, %d cookies", body, err, len(resp.Cookies()))
			}
			d.Call(t, "freeze", django.Args{"micros": int64(1772600767250000)}, nil)
			var year string
			d.Exec(t, "from django.utils import timezone\nresult = timezone.now().isoformat()", nil, &year)
			if year != "2026-03-04T05:06:07.250000+00:00" {
				t.Errorf("the clock stands at %s", year)
			}
		})
	}
}
