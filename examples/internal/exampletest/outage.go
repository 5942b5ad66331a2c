package exampletest

import (
	"database/sql"
	"net/http"
	"testing"
)

// CheckOutage checks that the pages of the example find a login in a database that Django
// wrote, and that a missing table counts as an outage, not as a logout.
func CheckOutage(t *testing.T) {
	t.Helper()
	file, path := Demo(t)
	at := Run(t, file)
	b := &Browser{t: t} // without a cookie jar
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
	for _, table := range []string{"auth_user", "django_session"} { // first the user is missing, then the session too
		if _, err := db.Exec("DROP TABLE " + table); err != nil {
			t.Fatal(err)
		}
		get("/").Has(http.StatusServiceUnavailable).HasNot("stranger")
		get("/account").Has(http.StatusServiceUnavailable).HasNot("stranger")
	}
}
