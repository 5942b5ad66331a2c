package djsession_test

import (
	"encoding/base64"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/fixtures"
	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/signer"
)

// isoForm is the wide form of fromisoformat: date, clock and offset.
var isoForm = regexp.MustCompile(`(?s)^(?:(\d{4})-(\d\d)-(\d\d)|(\d{4})(\d\d)(\d\d))(?:.(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?|(\d\d)(?:(\d\d)(?:[.,](\d+))?)?)?(?:(Z)|([+-])(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?|(\d\d)(?:(\d\d)(?:[.,](\d+))?)?)?)?)?$`)

// slowISO reads by isoForm. ok is false for what is no moment.
func slowISO(text string) (at time.Time, aware, ok bool) {
	m := isoForm.FindStringSubmatch(text)
	if m == nil {
		return at, false, false
	}
	number := func(groups ...int) int {
		for _, g := range groups {
			if m[g] != "" {
				n, _ := strconv.Atoi(m[g])
				return n
			}
		}
		return 0
	}
	six := func(groups ...int) int {
		n, _ := strconv.Atoi((m[groups[0]] + m[groups[1]] + "000000")[:6])
		return n
	}
	year, month, day := number(1, 4), number(2, 5), number(3, 6)
	hour, minute, second, micro := number(7), number(8, 11), number(9, 12), six(10, 13)
	h, mi, s := number(16), number(17, 20), number(18, 21)
	at = time.Date(year, time.Month(month), day, hour, minute, second, micro*1000, time.UTC)
	if year < 1 || at.Month() != time.Month(month) || at.Day() != day || hour > 23 || minute > 59 || second > 59 || h > 23 || mi > 59 || s > 59 || six(19, 22) != 0 {
		return at, false, false
	}
	offset := time.Duration(h*3600+mi*60+s) * time.Second
	if m[15] == "-" {
		offset = -offset
	}
	return at.Add(-offset), m[14]+m[15] != "", true
}

// FuzzISO compares parseISO with a regular expression. What isoformat writes is read as
// the moment that it was.
func FuzzISO(f *testing.F) {
	for i, text := range []string{
		"2030-01-02T03:04:05.000006+00:00", "2030-01-02", "20300102", "2030-01-02T03", "2030-01-02 03:04", "20300102T030405", "20300102T030405,5", "2030-01-02T03:04:05.123456789Z", "2030-0102",
		"2030-01-02T03:04:05+05:30:15", "2030-01-02T03:04:05-0530", "2030-01-02T03:04:05+00:00:00.000001", "2030-01-02T", "2030-01-02TZ", "2030-01-02T03:04Z5", "2030-02-29T00:00:00", "0000-01-01",
		"0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2030-W01-1", "2030-01-02\u00e903:04:05", "2030-01-02\xff03:04:05", "2030-01-02-03:04:05", "2030-01-02+03:04", "2030-01-02T03:0405", "2030-01-02T03:04:05.", "",
	} {
		f.Add(text, int64(i)*1e15, i*4321-30000)
	}
	f.Fuzz(func(t *testing.T, text string, micros int64, offset int) {
		want, aware, ok := slowISO(text)
		got, gotAware, err := djsession.ParseISO(text, time.UTC)
		if (err == nil) != ok || ok && (!got.Equal(want) || gotAware != aware) {
			t.Errorf("%q: got %v, %v, %v; want %v, %v, %v", text, got, gotAware, err, want, aware, ok)
		}
		if err != nil && !errors.Is(err, serializer.ErrType) {
			t.Errorf("%q: an error of no kind: %v", text, err)
		}
		at := time.UnixMicro(micros).In(time.FixedZone("", offset%86400))
		if y := at.Year(); y < 1 || y > 9999 {
			return
		}
		if -60 < offset%86400 && offset%86400 < 0 {
			return // time.Format writes +00:00:-08 for eight seconds west
		}
		layout := "2006-01-02T15:04:05.000000-07:00"
		if offset%60 != 0 {
			layout += ":00"
		}
		if got, aware, err := djsession.ParseISO(at.Format(layout), nil); err != nil || !aware || !got.Equal(at) {
			t.Errorf("%s: got %v, %v, %v", at.Format(layout), got, aware, err)
		}
	})
}

// FuzzLegacy: of a session in the format before Django 3.1 only the one spelling is read
// that base64 writes, and what is read is written and read again as the same.
func FuzzLegacy(f *testing.F) {
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(secret), Django: djsession.DjangoVersion{Major: 2, Minor: 2}})
	must(f, err)
	mac, err := signer.NewMAC(signer.SecretKey(secret), "django.contrib.sessionsSessionStore", signer.SHA1)
	must(f, err)
	vectors, err := fixtures.Sessions("django2.2")
	must(f, err)
	n := 0
	for _, v := range vectors {
		if v.Op != "decode" || len(*v.In.Payload) > 2000 {
			continue
		}
		f.Add(*v.In.Payload, false)
		if raw, err := base64.StdEncoding.DecodeString(*v.In.Payload); err == nil {
			_, data, _ := strings.Cut(string(raw), ":")
			f.Add(data, true)
			n++
		}
	}
	if n < 20 {
		f.Fatalf("got %d seeds: fixtures are missing", n)
	}
	f.Add("", true)
	f.Add("Og==", false)
	f.Fuzz(func(t *testing.T, text string, sign bool) {
		if sign {
			text = base64.StdEncoding.EncodeToString([]byte(mac.HexSum(text) + ":" + text))
		}
		d, err := site.Decode(text)
		if err != nil {
			if !errors.Is(err, djsession.ErrCorrupt) || d != nil {
				t.Errorf("got %v, %v", d, err)
			}
			return
		}
		raw, err := base64.StdEncoding.DecodeString(text)
		must(t, err)
		_, data, _ := strings.Cut(string(raw), ":")
		if only := base64.StdEncoding.EncodeToString([]byte(mac.HexSum(data) + ":" + data)); only != text {
			t.Errorf("%q is read as well as %q", text, only)
		}
		want, err := tagged.Append(nil, d)
		must(t, err)
		again, err := site.Encode(d)
		must(t, err)
		back, err := site.Decode(again)
		must(t, err)
		if got, err := tagged.Append(nil, back); err != nil || string(got) != string(want) {
			t.Errorf("%s came back as %s (%v)", want, got, err)
		}
	})
}
