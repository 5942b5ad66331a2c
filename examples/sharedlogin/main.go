// Command sharedlogin is a small web service beside a Django site. Its page greets the user
// who is logged in at Django, and counts the visits in that session. README.md says how to
// run it.
package main

import (
	"database/sql"
	"flag"
	"log"
	"net/http"
	"os"

	_ "modernc.org/sqlite"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djauth/dbusers"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/dbstore"
	"github.com/go-djsession/go-djsession/examples/internal/web"
	"github.com/go-djsession/go-djsession/signer"
)

var page = web.Page("Shared login", `{{if .Name}}<p class="success">Hello {{.Name}}, welcome back.</p>{{else}}<p class="info">Hello. You are not logged in to the Django site.</p>{{end}}
<p>Visits in this session: {{.Visits}}</p>`)

func main() {
	addr := flag.String("addr", "localhost:8080", "address to listen on")
	path := flag.String("db", "", "SQLite database of the Django site (default: a copy of the bundled one)")
	flag.Parse()
	if err := run(*addr, *path); err != nil {
		log.Fatal(err) // usually DJANGO_SECRET_KEY is not set
	}
}

// run serves until it is interrupted.
func run(addr, path string) error {
	keys := signer.SecretKey(os.Getenv("DJANGO_SECRET_KEY"))
	if path == "" {
		dir, err := os.MkdirTemp("", "sharedlogin-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if path, keys, err = bundled(dir, addr); err != nil {
			return err
		}
	}
	db, err := sql.Open("sqlite", "file:"+path+"?mode=rw&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer db.Close()
	h, err := handler(db, djsession.Settings{Keys: keys})
	if err != nil {
		return err
	}
	log.Printf("sharing the logins of %s", path)
	return web.Serve(addr, h)
}

// handler returns the service for the database of the site with these settings.
func handler(db *sql.DB, set djsession.Settings) (http.Handler, error) {
	site, err := djsession.NewSite(set)
	if err != nil {
		return nil, err
	}
	m := djsession.New(dbstore.New(site, db, dbstore.SQLite, nil))
	auth, err := djauth.New(m, dbusers.New(site, db, dbstore.SQLite, nil), nil, nil)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		user, err := djauth.User(r.Context())
		if err != nil { // the database is down; the visitor may be logged in
			http.Error(w, "Please try later.", djsession.ErrorStatus(err))
			return
		}
		s, err := djsession.Load(r.Context())
		if err != nil {
			http.Error(w, "Please try later.", djsession.ErrorStatus(err))
			return
		}
		visits := 0
		err = s.Update(func(tx *djsession.Tx) error { // runs again after a conflict
			visits, err = djsession.Value(tx, "visits", 0)
			if err != nil {
				return err
			}
			visits++
			return tx.Set("visits", visits)
		})
		if err != nil {
			http.Error(w, "Please try later.", djsession.ErrorStatus(err))
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := page.Execute(w, map[string]any{"Name": user.Name(), "Visits": visits}); err != nil {
			log.Print(err)
		}
	})
	return m.Middleware(auth.Middleware(mux)), nil
}
