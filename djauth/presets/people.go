package presets

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// Verified is the djauth.Identity.Level of a login with a second factor of django-otp.
const Verified = "verified"

// Devices finds the devices of django-otp.
type Devices interface {
	// Device returns whose device this is, and whether it is confirmed. model is
	// "app_label.model_name", in lower case. For a device that does not exist, and for a model
	// that is none, user is "".
	//
	// Errors: djsession.ErrUnavailable.
	Device(ctx context.Context, model string, id int64) (user string, confirmed bool, err error)
}

// OTP is OTPMiddleware of django-otp 1.7: it sets [djauth.Identity.Level] to [Verified] if the
// session names a confirmed device of the user. It refuses nobody; ask for the level where the
// site has otp_required, or refuse those without it in a Judge that follows. Unlike Django,
// which answers 500, it takes a device of a model that is no device for none.
func OTP(devices Devices) djauth.Judge {
	return func(ctx context.Context, j djauth.Judgement) (djauth.Verdict, error) {
		v, _ := has(j, "otp_device_id")
		text, _ := serializer.Text(v)
		if j.Account == nil || text == "" {
			return djauth.Admit(), nil
		}
		if parts := strings.Split(text, "."); len(parts) > 2 { // of before django-otp 0.4
			text = parts[len(parts)-3] + "." + parts[len(parts)-1]
		}
		at := strings.LastIndexByte(text, '/')
		if at < 0 {
			return djauth.Admit(), nil
		}
		model := text[:at]
		id, err := strconv.ParseInt(strings.TrimSpace(text[at+1:]), 10, 64)
		if err != nil || strings.Count(model, ".") != 1 {
			return djauth.Admit(), nil
		}
		app, name, _ := strings.Cut(model, ".")
		user, confirmed, err := devices.Device(ctx, app+"."+strings.ToLower(name), id)
		if err != nil {
			return djauth.Verdict{}, err
		}
		if !confirmed || user == "" || plain(user) != plain(j.Account.ID) {
			return djauth.Admit(), nil
		}
		return djauth.Admit().WithLevel(Verified), nil
	}
}

// plain is a primary key without the dashes of a UUID, which some databases leave out.
func plain(id string) string {
	if len(id) == 36 {
		return strings.ToLower(strings.ReplaceAll(id, "-", ""))
	}
	return id
}

// otpTables are the tables of django-otp's own devices, by their models.
var otpTables = map[string]string{
	"otp_totp.totpdevice": "otp_totp_totpdevice", "otp_hotp.hotpdevice": "otp_hotp_hotpdevice",
	"otp_static.staticdevice": "otp_static_staticdevice", "otp_email.emaildevice": "otp_email_emaildevice",
}

// SQLDevices are the [Devices] in the tables of a database.
type SQLDevices struct {
	DB *sql.DB
	// Numbered is set for a database whose parameters are $1, as PostgreSQL's are. By default
	// they are question marks.
	Numbered bool
	// Tables has the tables of further device models, by "app_label.model_name" in lower case.
	// django-otp's own devices (TOTP, HOTP, static, e-mail) are known.
	Tables map[string]string
}

// Device implements [Devices].
func (d *SQLDevices) Device(ctx context.Context, model string, id int64) (user string, confirmed bool, err error) {
	table := d.Tables[model]
	if table == "" {
		table = otpTables[model]
	}
	if table == "" {
		return "", false, nil
	}
	mark := "?"
	if d.Numbered {
		mark = "$1"
	}
	var owner any
	err = d.DB.QueryRowContext(ctx, "SELECT user_id, confirmed FROM "+table+" WHERE id = "+mark, id).Scan(&owner, &confirmed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", false, nil
	case err != nil:
		return "", false, djsession.Unavailable("read a device of django-otp", err)
	}
	if text, ok := owner.([]byte); ok {
		return string(text), confirmed, nil
	}
	return fmt.Sprint(owner), confirmed, nil
}

// Hijack is HijackUserMiddleware of django-hijack 3.7. A hijacked session is a login of the
// other account; [djauth.Identity.Real] is who began.
func Hijack() djauth.Judge {
	return func(_ context.Context, j djauth.Judgement) (djauth.Verdict, error) {
		history, err := djsession.Value[[]any](j.Session, "hijack_history", nil)
		if err != nil || len(history) == 0 || j.Account == nil {
			return djauth.Admit(), nil
		}
		return djauth.Admit().WithReal(history[0]), nil
	}
}

// ImpersonateOptions are the setting IMPERSONATE.
type ImpersonateOptions struct {
	// RequireSuperuser is REQUIRE_SUPERUSER, and AllowSuperuser ALLOW_SUPERUSER.
	RequireSuperuser, AllowSuperuser bool
	// ReadOnly is READ_ONLY; CustomReadOnly is CUSTOM_READ_ONLY, and replaces it.
	ReadOnly       bool
	CustomReadOnly func(j djauth.Judgement) bool
	// URIExclusions is URI_EXCLUSIONS, regular expressions that match a path without its first
	// slashes; default `^admin/`. An empty list excludes nothing.
	URIExclusions []*regexp.Regexp
	// MaxDuration is MAX_DURATION; default no end.
	MaxDuration time.Duration
	// StopURL is the path of impersonate-stop. [djauth.Auth.RequireLogin] leads there after
	// MaxDuration.
	StopURL string
	// CustomAllow is CUSTOM_ALLOW: it replaces what the two settings about superusers and
	// staff say about who may act as others.
	CustomAllow func(j djauth.Judgement) bool
	// Impersonable reports whether other is in CUSTOM_USER_QUERYSET.
	Impersonable func(ctx context.Context, j djauth.Judgement, other *djauth.Account) (bool, error)
}

// Impersonate is ImpersonateMiddleware of django-impersonate 1.9. As there, the other account
// may be an inactive one.
func Impersonate(o ImpersonateOptions) djauth.Judge {
	if o.URIExclusions == nil {
		o.URIExclusions = []*regexp.Regexp{regexp.MustCompile(`^admin/`)}
	}
	return func(ctx context.Context, j djauth.Judgement) (djauth.Verdict, error) {
		target, ok := has(j, "_impersonate")
		if !ok || j.Account == nil {
			return djauth.Admit(), nil
		}
		if o.MaxDuration != 0 {
			if o.StopURL != "" && j.Path == o.StopURL {
				return djauth.Admit(), nil
			}
			v, ok := has(j, "_impersonate_start")
			if !ok {
				return djauth.Admit(), nil
			}
			began, ok := seconds(v)
			switch {
			case !ok:
				return djauth.Refuse(ErrMalformed), nil
			case !(timestamp(j.Time)-began <= o.MaxDuration.Seconds()):
				return djauth.Refuse(ErrEnded).At(o.StopURL), nil
			}
		}
		other, err := j.Find(ctx, target)
		switch {
		case errors.Is(err, djauth.ErrNoUser):
			return djauth.Admit(), nil
		case errors.Is(err, djauth.ErrUserID):
			return djauth.Refuse(ErrMalformed), nil
		case err != nil:
			return djauth.Verdict{}, err
		}
		readOnly := o.ReadOnly
		if o.CustomReadOnly != nil {
			readOnly = o.CustomReadOnly(j)
		}
		if readOnly {
			switch j.Method {
			case "", http.MethodGet, http.MethodHead, http.MethodOptions:
			default:
				return djauth.Refuse(ErrReadOnly), nil
			}
		}
		real := j.Account
		allowed := real.Superuser || real.Staff && !o.RequireSuperuser
		if o.CustomAllow != nil {
			allowed = o.CustomAllow(j)
		}
		if !allowed || other.Superuser && !(real.Superuser && o.AllowSuperuser) {
			return djauth.Admit(), nil
		}
		if o.Impersonable != nil {
			if ok, err := o.Impersonable(ctx, j, other); err != nil || !ok {
				return djauth.Admit(), err
			}
		}
		path := strings.TrimLeft(j.Path, "/")
		for _, exclusion := range o.URIExclusions {
			if exclusion.MatchString(path) {
				return djauth.Admit(), nil
			}
		}
		return djauth.ActAs(other.ID).EvenInactive(), nil
	}
}
