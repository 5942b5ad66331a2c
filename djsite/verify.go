package djsite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/cookiestore"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/vectors"
	"github.com/go-djsession/go-djsession/serializer"
)

// ErrProfile: Go does not make what the site's own code made, as its profile shows, or reads
// none of the stored sessions: the profile is of another site or too old, or the settings say
// something else. The error names each rule that does not fit, and the cure.
var ErrProfile = errors.New("djsite: the profile does not fit")

const (
	// sampleSize is how many stored sessions Open reads of a site with a profile.
	sampleSize = 20
	// sampleTime limits the time for them.
	sampleTime = 2 * time.Second
	// sampleLeast is how many of them must be unreadable, with none that is readable, for an
	// error: a few may be left over from an older SECRET_KEY.
	sampleLeast = 5
)

// verify computes the examples of the profile anew. It needs no server.
func (s *Site) verify(ctx context.Context) error {
	report, err := vectors.Check(ctx, s.Settings, vectors.Options{
		CacheFormat: func(alias string) (serializer.Serializer, error) {
			return s.redisFormat(s.Settings.Caches[alias])
		},
		Sealer:           func(site *djsession.Site) (djsession.Sealer, error) { return cookiestore.New(site, nil) },
		UserID:           s.userID,
		WithoutPasswords: s.opts.SessionsOnly || !s.Settings.Auth.Installed, // they cost up to a second
	})
	if err != nil {
		return err
	}
	if s.opts.SessionsOnly || s.opts.AskDjango != "" { // the examples of logins do not matter
		report.Faults = slices.DeleteFunc(report.Faults, func(f *vectors.Fault) bool {
			return f.Rule == "user_id" || f.Rule == "auth_hash" || f.Rule == "password"
		})
	}
	if err := report.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrProfile, err)
	}
	return nil
}

// userID converts a primary key as Options.UserTable says.
func (s *Site) userID(value any) (string, bool) {
	if s.opts.UserTable == nil || s.opts.UserTable.FromColumn == nil {
		return "", false
	}
	text, err := s.opts.UserTable.FromColumn(fmt.Sprint(value))
	return text, err == nil
}

// sample reads some of the stored sessions. An example proves that Go agrees with the
// profile. Only a stored session shows that the profile is still that of the site.
func (s *Site) sample(ctx context.Context) error {
	if s.Settings.Profile == nil {
		return nil
	}
	lister, err := s.Lister()
	if err != nil {
		return nil // the engine cannot list
	}
	ctx, cancel := context.WithTimeout(ctx, sampleTime)
	defer cancel()
	read, unread := 0, 0
	for found, err := range lister.List(ctx, "") {
		if err != nil || read+unread == sampleSize {
			break // a server that does not answer is for the first request to tell
		}
		switch {
		case found.Err == nil:
			read++
		case errors.Is(found.Err, djsession.ErrCorrupt):
			unread++
		}
	}
	switch {
	case read > 0 || unread == 0:
	case unread < sampleLeast:
		s.warn("profile", fmt.Sprintf("Go reads none of the %d stored sessions: they are older than the SECRET_KEY, or the profile is too old: run the probe again.", unread))
	default:
		return fmt.Errorf("%w: Go reads none of %d stored sessions, although it agrees with the examples: SECRET_KEY or the serializer may have changed since %s: run the probe again",
			ErrProfile, unread, s.Settings.Profile.Made.Format(time.DateOnly))
	}
	return nil
}

// profileAge returns a Warning about an old profile.
func profileAge(p *djsettings.Profile, now time.Time) (w djsettings.Warning, old bool) {
	const most = 90 * 24 * time.Hour
	if p == nil || now.Sub(p.Made) < most {
		return w, false
	}
	return djsettings.Warning{Setting: "profile", Text: fmt.Sprintf("It was made on %s, %d days ago, of Django %s: run the probe again after each change of the site.",
		p.Made.Format(time.DateOnly), int(now.Sub(p.Made).Hours()/24), p.Versions.Django)}, true
}
