package filestore

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// expiryKey is the key under which SessionBase.set_expiry keeps its argument.
const expiryKey = "_session_expiry"

// decode returns the dict of a file. An empty file is an empty session.
func (s *Store) decode(doing string, c content) (*serializer.Dict, error) {
	if c.text == "" {
		return serializer.NewDict(), nil
	}
	d, err := s.site.Decode(c.text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return d, nil
}

// record returns the content of a file, or the error of decoding it, and whether it has
// expired. As in Django an empty file never expires. One that does not decode expires as
// an empty session would.
func (s *Store) record(doing string, c content) (r *djsession.Record, over bool, err error) {
	d, err := s.decode(doing, c)
	if err != nil {
		_, over, _ = s.ends(serializer.NewDict(), c.mtime)
		return nil, over, err
	}
	at, over, err := s.ends(d, c.mtime)
	if err != nil {
		return nil, false, djsession.Corrupt(doing, err)
	}
	return &djsession.Record{Data: d, Expires: at}, over && c.text != "", nil
}

// ends is SessionStore._expiry_date of a file that was modified at mtime. over reports
// whether the session has expired: get_expiry_age(expiry=that) <= 0. at is zero if no
// clock will show it.
func (s *Store) ends(d *serializer.Dict, mtime time.Time) (at time.Time, over bool, err error) {
	at, err = s.expiryDate(d, mtime.Round(time.Microsecond)) // Python rounds
	// A number passes _expiry_date and get_expiry_age unchanged.
	v, _ := d.Get(expiryKey)
	if n := sign(v); n != 0 {
		return at, n < 0, nil
	}
	if err != nil {
		return time.Time{}, false, err
	}
	// The age is in whole seconds, rounded down.
	return at, s.wall(at).Sub(s.wall(s.site.Now())) < time.Second, nil
}

// expiryDate is Site.ExpiryDate, except that an empty text means no expiry, because of
// the "or" in _expiry_date.
func (s *Store) expiryDate(d *serializer.Dict, now time.Time) (time.Time, error) {
	if v, _ := d.Get(expiryKey); v == "" {
		d = serializer.NewDict()
	}
	return s.site.ExpiryDate(d, now)
}

// sign returns -1, 0 or 1 for a number below, at or above 0. It returns 0 for a value
// that is no number.
func sign(v any) int {
	switch v := v.(type) {
	case bool:
		if v {
			return 1
		}
	case int64:
		return cmp.Compare(v, 0)
	case *big.Int:
		return v.Sign()
	case float64:
		switch {
		case v < 0:
			return -1
		case v != 0: // NaN too: in Python it is not <= 0
			return 1
		}
	}
	return 0
}

// wall returns the time that clocks show at t on a site with USE_TZ=False, as if they
// were in UTC. As in Django, durations are counted between such times.
func (s *Store) wall(t time.Time) time.Time {
	zone := s.site.TimeZone()
	if zone == nil {
		return t
	}
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// The earliest and the latest time of modification that is set: every file system and
// os.Chtimes can hold them. On a machine of 32 bits os.Chtimes turns a time after 2038
// into one long ago, by which the session would have expired.
var (
	earliest = time.Unix(0, 0)
	latest   = latestTime()
)

func latestTime() time.Time {
	if math.MaxInt == math.MaxInt32 {
		return time.Unix(math.MaxInt32, 0)
	}
	return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
}

// mtime returns the time of modification with which a file that holds d ends at expires.
// It is now if expires is zero or the result of Site.ExpiryDate. It makes no difference
// if d holds a moment.
//
// Errors: serializer.ErrType for a _session_expiry that could not be read back.
func (s *Store) mtime(d *serializer.Dict, expires time.Time) (time.Time, error) {
	t := s.site.Now()
	for range 2 { // a second time, for a change of summer time in between
		at, err := s.expiryDate(d, t)
		if err != nil {
			return time.Time{}, err
		}
		if !expires.IsZero() {
			t = t.Add(expires.Truncate(time.Microsecond).Sub(at))
		}
	}
	switch {
	case t.Before(earliest):
		t = earliest
	case t.After(latest):
		t = latest
	}
	return t, nil
}
