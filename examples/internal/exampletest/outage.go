package exampletest

import (
	"database/sql"
	"net/http"
	"testing"
)

// CheckOutage wants the pages of the example to know a login in a database that a Django
// wrote, and to take the end of that database's tables for an outage, and not for a
// logout.
func CheckOutage(t *testing.T) {
	t.Helper()
	file, path := Demo(t)
	at := Run(t, file)
	b := &Browser{t: t} // which keeps no cookies
	get := func(path string) *Page {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, at+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Cookie", "sessionid="+Ada)
		resp, err := b.client.Do(r)
		return b.read(resp, err)
	}
	get("/").Has(http.StatusOK, "Hello ada. Visits: 4.")
	get("/account").Has(http.StatusOK, "Hello ada. Visits: 5.")

	db, err := sql.Open("sqlite", "file:"+path+"?mode=rw&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, table := range []string{"auth_user", "django_session"} { // first who it is, then even the session
		if _, err := db.Exec("DROP TABLE " + table); err != nil {
			t.Fatal(err)
		}
		get("/").Has(http.StatusServiceUnavailable).HasNot("stranger")
		get("/account").Has(http.StatusServiceUnavailable).HasNot("stranger")
	}
}
