package djsession_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/fixtures"
	"github.com/go-djsession/go-djsession/serializer"
)

// untag returns the Go value of a tagged value.
func untag(t *testing.T, v fixtures.Tagged) any {
	t.Helper()
	var text string
	switch v.Type {
	case "int", "float", "datetime":
		must(t, json.Unmarshal(v.Value, &text))
	}
	switch v.Type {
	case "none":
		return nil
	case "bool":
		return string(v.Value) == "true"
	case "int":
		n, ok := new(big.Int).SetString(text, 10)
		if !ok {
			t.Fatalf("bad int %q", text)
		}
		if n.IsInt64() {
			return n.Int64()
		}
		return n
	case "float":
		f, err := strconv.ParseFloat(text, 64)
		must(t, err)
		return f
	case "str", "wtf8", "bytes":
		s, err := v.Text()
		must(t, err)
		return s
	case "list":
		var items []fixtures.Tagged
		must(t, json.Unmarshal(v.Value, &items))
		list := []any{}
		for _, it := range items {
			list = append(list, untag(t, it))
		}
		return list
	case "dict", "unordered-dict":
		var pairs [][2]fixtures.Tagged
		must(t, json.Unmarshal(v.Value, &pairs))
		var items []serializer.Item
		for _, p := range pairs {
			items = append(items, item(untag(t, p[0]).(string), untag(t, p[1])))
		}
		return serializer.NewDict(items...)
	case "datetime":
		for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z07:00:00"} {
			if at, err := time.Parse(layout, text); err == nil {
				d := serializer.NewNaive(at)
				_, offset := at.Zone()
				d.Zone = serializer.TimeZone{Offset: serializer.NewTimeDelta(time.Duration(offset) * time.Second)}
				return d
			}
		}
		at, err := time.Parse("2006-01-02T15:04:05", text)
		must(t, err)
		return serializer.NewNaive(at)
	case "date":
		return serializer.Date{Year: 2030, Month: 1, Day: 2} // any date will do: none is an expiry
	case "timedelta":
		var d serializer.TimeDelta
		must(t, json.Unmarshal(v.Value, &text))
		_, err := fmt.Sscan(text, &d.Days, &d.Seconds, &d.Microseconds)
		must(t, err)
		return d
	}
	t.Fatalf("type %s has no Go value here", v.Type)
	return nil
}

// settings returns the Settings of a vector.
func settings(t *testing.T, set string, in fixtures.Settings, now float64) djsession.Settings {
	t.Helper()
	version, err := djsession.ParseDjangoVersion(strings.TrimPrefix(set, "django"))
	must(t, err)
	s := djsession.Settings{Django: version, Now: func() time.Time { return fixtures.Time(now) }}
	useTZ, zone := true, ""
	for name, v := range in {
		switch name {
		case "USE_TZ":
			useTZ = v.(bool)
		case "TIME_ZONE":
			zone = v.(string)
		case "SESSION_COOKIE_NAME":
			s.CookieName = v.(string)
		case "SESSION_COOKIE_AGE":
			s.CookieAge = time.Duration(v.(float64)) * time.Second
		case "SESSION_COOKIE_DOMAIN":
			s.CookieDomain = v.(string)
		case "SESSION_COOKIE_PATH":
			s.CookiePath = v.(string)
		case "SESSION_COOKIE_SECURE":
			s.CookieSecure = v.(bool)
		case "SESSION_COOKIE_HTTPONLY":
			s.CookieHTTPOnly = new(v.(bool))
		case "SESSION_COOKIE_SAMESITE":
			switch strings.ToLower(fmt.Sprint(v)) {
			case "lax":
				s.CookieSameSite = http.SameSiteLaxMode
			case "strict":
				s.CookieSameSite = http.SameSiteStrictMode
			case "none": // the text; the value None is nil
				s.CookieSameSite = http.SameSiteNoneMode
			default:
				s.CookieSameSite = http.SameSiteDefaultMode
			}
		case "SESSION_EXPIRE_AT_BROWSER_CLOSE":
			s.ExpireAtBrowserClose = v.(bool)
		case "SESSION_SAVE_EVERY_REQUEST":
			s.SaveEveryRequest = v.(bool)
		default:
			t.Fatalf("unknown setting %s", name)
		}
	}
	if !useTZ {
		s.TimeZone, err = time.LoadLocation(zone)
		must(t, err)
	}
	return s
}

// TestExpiryFixtures compares the expiry with that of Djangos.
func TestExpiryFixtures(t *testing.T) {
	n := map[string]int{}
	for _, set := range fixtures.Sets() {
		vectors, err := fixtures.Expiry(set)
		must(t, err)
		for _, v := range vectors {
			t.Run(set+"/"+v.Name, func(t *testing.T) {
				if why := unlikeExpiry(set, v.Name); why != "" {
					return
				}
				site := newWorld(t, func(s *djsession.Settings) {
					keys := s.Keys
					*s = settings(t, set, v.In.Settings, v.In.Now)
					s.Keys = keys
				}).site
				data := v.In.Data
				if v.Op == "set_expiry" {
					if v.Out.Data == nil {
						return // Django raised; a Go caller cannot pass such a value
					}
					checkSetExpiry(t, site, v.In, v.Out)
					data = *v.Out.Data
				}
				n[v.Op]++
				d := untag(t, data).(*serializer.Dict)
				if v.In.Expiry != nil { // as if it were stored
					d = d.With("_session_expiry", untag(t, *v.In.Expiry))
				}
				at := fixtures.Time(v.In.Now)
				if v.In.Modification != nil {
					d := untag(t, *v.In.Modification).(serializer.DateTime)
					if d.Aware() != (site.TimeZone() == nil) {
						return // a time.Time is neither kind
					}
					at, err = d.Moment(site.TimeZone())
					must(t, err)
				}
				checkExpiry(t, site, d, at, v.Out, v.Why)
			})
		}
	}
	if n["get"] < 500 || n["set_expiry"] < 200 {
		t.Errorf("got %v vectors: fixtures are missing", n)
	}
}

// checkExpiry compares age, date and browser close. If Django has no age or no date, it
// cannot save the session, and we must return an error.
func checkExpiry(t *testing.T, site *djsession.Site, d *serializer.Dict, at time.Time, want fixtures.ExpiryOut, why string) {
	t.Helper()
	age, errAge := site.ExpiryAge(d, at)
	date, errDate := site.ExpiryDate(d, at)
	var wantAge float64
	fails := want.Age.Error != "" || want.Date.Error != ""
	if !fails {
		switch v := untag(t, *want.Age.Value).(type) {
		case int64:
			wantAge = float64(v)
		case float64:
			wantAge = v
		case bool:
			wantAge = 1
		default:
			fails = true
		}
	}
	if fails {
		if errAge == nil && errDate == nil {
			t.Errorf("got age %v and date %v, want an error (%s)", age, date, why)
		}
		return
	}
	const most = float64(math.MaxInt64 / int64(time.Second)) // the longest Duration
	wantAge = max(min(wantAge, most), -most)
	if errAge != nil || math.Abs(age.Seconds()-wantAge) > 1e-6 && math.Abs(wantAge) < most {
		t.Errorf("age: got %v, %v; want %v s (%s)", age, errAge, wantAge, why)
	}
	wantDate, err := untag(t, *want.Date.Value).(serializer.DateTime).Moment(site.TimeZone())
	must(t, err)
	if errDate != nil || !date.Equal(wantDate) {
		t.Errorf("date: got %v, %v; want %v (%s)", date, errDate, wantDate, why)
	}
	if got, err := site.ExpireAtBrowserClose(d); err != nil || got != want.BrowserClose {
		t.Errorf("browser close: got %v, %v; want %v (%s)", got, err, want.BrowserClose, why)
	}
}

// checkSetExpiry sets the expiry that Django set, and compares the session.
func checkSetExpiry(t *testing.T, site *djsession.Site, in fixtures.ExpiryIn, want fixtures.ExpiryOut) {
	t.Helper()
	var e djsession.Expiry
	moment := false
	switch in.Value.Type {
	case "none":
		e = djsession.Policy
	case "int":
		n, ok := untag(t, *in.Value).(int64)
		if !ok {
			return // Go has no such int
		}
		e = djsession.Seconds(int(n))
	case "timedelta":
		dur, ok := untag(t, *in.Value).(serializer.TimeDelta).Duration()
		if !ok {
			return // Go has no such Duration
		}
		e, moment = djsession.In(dur), true
	case "datetime":
		d := untag(t, *in.Value).(serializer.DateTime)
		if d.Aware() != (site.TimeZone() == nil) {
			return // Go has no datetime of the wrong kind
		}
		at, err := d.Moment(site.TimeZone())
		must(t, err)
		e, moment = djsession.At(at.UTC()), true
	default:
		return // Expiry has no such form
	}
	s, err := djsession.New(memstore.New(site)).Open(t.Context(), "")
	must(t, err)
	for k, v := range untag(t, in.Data).(*serializer.Dict).All() {
		must(t, s.Set(k.(string), v))
	}
	must(t, s.SetExpiry(e))
	if moment && site.Settings().Django.Before(4, 1) {
		if age, err := s.ExpiryAge(); err != nil || want.Age.Error == "" && age.Seconds() != secondsBefore41(untag(t, *want.Age.Value).(int64)) {
			t.Errorf("age: got %v, %v; want %s s, in seconds where that Django's JSON fails", age, err, want.Age.Value.Value)
		}
		return
	}
	got, err := serializer.JSON{}.Dumps(nil, s.Dict())
	must(t, err)
	wantJSON := want.JSON
	if wantJSON == nil {
		t.Fatalf("Django cannot write this: %s", want.JSONError)
	}
	if strings.Contains(*wantJSON, "+02:00") {
		return // the same moment; Go writes it in UTC
	}
	if string(got) != *wantJSON {
		t.Errorf("got  %s\nwant %s", got, *wantJSON)
	}
}

// secondsBefore41 avoids 0, which would mean that the session ends with the browser.
func secondsBefore41(n int64) float64 {
	if n == 0 {
		return -1
	}
	return float64(n)
}

// unlikeExpiry returns why a vector does not count here, or "".
func unlikeExpiry(set, name string) string {
	for _, u := range []struct{ set, name, why string }{
		{"", "/iso-week", "week dates are refused"},
	} {
		if strings.HasPrefix(set, u.set) && strings.Contains(name, u.name) {
			return u.why
		}
	}
	return ""
}
