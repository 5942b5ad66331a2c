package visit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/interleave"
)

// The answers of [Requests.Judge].
const (
	// LoginSurvives: a request that saw the login acknowledged a logout.
	LoginSurvives = "a logout was acknowledged, and the login lives on"
	// OldKeySurvives: a response set a new key.
	OldKeySurvives = "a new key was acknowledged, and the old one is good"
	// SessionLost: nobody logged out, and no key that a client knows is valid.
	SessionLost = "nobody logged out, and the session is gone"
	// Orphan: there is a session under a key that no client knows.
	Orphan = "a session is left under a key that nobody knows"
	// CountLost: an acknowledged count is missing or not visible.
	CountLost = "an acknowledged count is lost"
	// CountedTwice: there are more counts than requests.
	CountedTwice = "one request counted twice"
	// Refused: the status is 400, but no other request ends the session or its login.
	Refused = "a request was answered by 400 for no reason"
)

// Judge returns what is wrong at the end, or "". live are the logged-in sessions that a new
// process finds, by key.
func (rs Requests) Judge(live map[string]*djsession.Record) string {
	var saved, tried, killed, ending, failedEnding int
	known := map[string]bool{Key: true}
	loggedOut, newKey, failed := false, false, false
	for _, r := range rs {
		ok := r.Status == http.StatusOK
		switch {
		case r.party.Killed():
			killed++
		case !ok && r.Status != http.StatusBadRequest && r.Status != http.StatusServiceUnavailable:
			return fmt.Sprintf("a %s was answered by %d", r.Kind, r.Status)
		}
		failed = failed || !ok
		switch r.Kind {
		case Save:
			if r.LoggedIn {
				tried++
				if ok && r.acted {
					saved++
				}
			}
		case Logout:
			ending++
			// A second try that finds no session logs nobody out if another request took the
			// session to a new key: a browser has that, or will have it.
			loggedOut = loggedOut || ok && r.LoggedIn
			if !ok {
				failedEnding++
			}
		case Cycle, Renew:
			ending++
		}
		if ok && r.NewKey != "" {
			newKey = true
			known[r.NewKey] = true
		}
	}
	for _, r := range rs {
		alone := ending == 0 || ending == 1 && (r.Kind == Logout || r.Kind == Cycle || r.Kind == Renew)
		if r.Status == http.StatusBadRequest && r.Tries == 1 && alone && killed == 0 {
			return Refused
		}
	}
	if loggedOut && len(live) > 0 {
		return LoginSurvives
	}
	if newKey && live[Key] != nil {
		return OldKeySurvives
	}
	found := false
	for _, key := range slices.Sorted(maps.Keys(live)) {
		if !known[key] {
			if killed == 0 {
				return Orphan
			}
			continue
		}
		found = true
		switch n := count(live[key]); {
		case n < saved:
			return CountLost
		case n > tried:
			return CountedTwice
		}
	}
	if !found && !loggedOut && failedEnding == 0 && killed == 0 {
		return SessionLost
	}
	return ""
}

func count(r *djsession.Record) int {
	n, _ := r.Data.Get("n")
	i, _ := n.(int64)
	return int(i)
}

// Live returns the sessions of keys that are logged in, by key.
func Live(store djsession.Store, keys []string) (map[string]*djsession.Record, error) {
	live := map[string]*djsession.Record{}
	for _, key := range keys {
		r, _, err := store.Load(context.Background(), key)
		if errors.Is(err, djsession.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if r.Data.Has("_auth_user_id") {
			live[key] = r
		}
	}
	return live, nil
}

// Keys returns all keys in a store, also of expired sessions.
func Keys(l djsession.Lister) []string {
	var keys []string
	for found := range l.List(context.Background(), "") {
		keys = append(keys, found.Key())
	}
	return keys
}

// Known maps each known violation to its reason. A violation that is no longer found fails
// the test, so that its entry is removed.
type Known map[string]string

// Check runs a model and compares its violations with the known ones.
func Check(t *testing.T, m *interleave.Model, known Known) *interleave.Report {
	t.Helper()
	r := interleave.Explore(t, m)
	t.Logf("%d schedules, %d run, %d violations", r.Schedules, r.Runs, r.Violations)
	if !r.Finished {
		t.Errorf("not finished after %d runs", r.Runs)
	}
	for _, v := range r.Found {
		if why, ok := known[v.Text]; ok {
			t.Logf("known (%s): %s\n%s", why, v.Text, v.Schedule)
		} else {
			t.Errorf("%s:\n%s", v.Text, v.Schedule)
		}
	}
	for text, why := range known {
		if !r.Has(text) {
			t.Errorf("gone, so that its entry has to go: %s (%s)", text, why)
		}
	}
	return r
}
