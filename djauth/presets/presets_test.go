package presets

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// compat_test/judges compares the presets with the apps. These are values that no app writes.
func TestMalformed(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	down := devices{err: djsession.Unavailable("test", errors.New("down"))}
	for _, test := range []struct {
		name  string
		judge djauth.Judge
		key   string
		value any
		want  djauth.Verdict
		err   error
	}{
		{"a text for a time", SessionTimeout(SessionTimeoutOptions{}), "_session_init_timestamp_", "x", djauth.Refuse(ErrMalformed), nil},
		{"None for a time", SessionTimeout(SessionTimeoutOptions{}), "_session_init_timestamp_", nil, djauth.Refuse(ErrMalformed), nil},
		{"a list for a time", AutoLogout(AutoLogoutOptions{IdleTime: 1}), "django_auto_logout_last_request", []any{}, djauth.Refuse(ErrMalformed), nil},
		{"a time without its zone", AutoLogout(AutoLogoutOptions{IdleTime: 1}), "django_auto_logout_last_request", "2026-11-29T12:00:00", djauth.Refuse(ErrMalformed), nil},
		{"a time with a zone", AutoLogout(AutoLogoutOptions{IdleTime: 1, Zone: time.UTC}), "django_auto_logout_last_request", "2026-11-29T12:00:00+00:00", djauth.Refuse(ErrMalformed), nil},
		{"no last_login", AutoLogout(AutoLogoutOptions{SessionTime: 1}), "x", 1, djauth.Refuse(ErrMalformed), nil},
		{"a text for a start", Impersonate(ImpersonateOptions{MaxDuration: 1}), "_impersonate", int64(1), djauth.Admit(), nil},
		{"a number for a device", OTP(down), "otp_device_id", int64(1), djauth.Admit(), nil},
		{"slashes and dots", OTP(down), "otp_device_id", "a.b.c/x.y", djauth.Admit(), nil},
		{"only dots", OTP(down), "otp_device_id", "...", djauth.Admit(), nil},
		{"no tables of devices", OTP(down), "otp_device_id", "otp_totp.totpdevice/1", djauth.Verdict{}, djsession.ErrUnavailable},
		{"no list of hijackers", Hijack(), "hijack_history", "123", djauth.Admit(), nil},
	} {
		d := serializer.NewDict(serializer.Item{Key: test.key, Value: test.value})
		got, err := test.judge(t.Context(), djauth.Judgement{Session: djsession.ReaderOf(d), Account: &djauth.Account{ID: "1", Active: true}, Time: now})
		if !errors.Is(err, test.err) || (err != nil) != (test.err != nil) {
			t.Errorf("%s: got the error %v, want %v", test.name, err, test.err)
		}
		if got.Why() != test.want.Why() {
			t.Errorf("%s: got %v, want %v", test.name, got.Why(), test.want.Why())
		}
	}
}

// devices is a Devices that fails.
type devices struct{ err error }

func (d devices) Device(context.Context, string, int64) (string, bool, error) {
	return "", false, d.err
}

// Without the tables of a site's own device model, its devices are none, and no name of a
// session gets into a query.
func TestUnknownDevices(t *testing.T) {
	for _, model := range []string{"own.device", "otp_totp_totpdevice; --", ""} {
		if user, ok, err := new(SQLDevices).Device(t.Context(), model, 1); user != "" || ok || err != nil {
			t.Errorf("%s: got %q, %v, %v", model, user, ok, err)
		}
	}
}

func TestStrptime(t *testing.T) {
	for _, test := range []struct {
		text string
		want string // "" is no time
	}{
		{"2026-11-29T12:00:00.5", "2026-11-29 12:00:00.5"},
		{"2026-11-29T12:00:00", "2026-11-29 12:00:00"},
		{"2026-1- 9T1:2:3", "2026-01-09 01:02:03"},
		{"2024-02-29T00:00:00", "2024-02-29 00:00:00"},
		{"2026-02-29T00:00:00", ""},
		{"0000-01-01T00:00:00", ""},
		{"2026-13-01T00:00:00", ""},
		{"2026-11-29T24:00:00", ""},
		{"2026-11-29T12:00:60", ""},
		{"2026-11-29T12:00:00.", ""},
		{"2026-11-29T12:00:00.1234567", ""},
		{"2026-11-29T12:00:00+00:00", ""},
		{" 2026-11-29T12:00:00", ""},
		{"", ""},
	} {
		got, ok := strptime(test.text)
		if text := got.Format("2006-01-02 15:04:05.999999"); ok != (test.want != "") || ok && text != test.want {
			t.Errorf("%q: got %s, %v, want %q", test.text, text, ok, test.want)
		}
	}
}
