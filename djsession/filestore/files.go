package filestore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/atomicfile"
	"github.com/go-djsession/go-djsession/signer"
)

// content is the content of a file and its time of modification.
type content struct {
	text  string
	mtime time.Time
}

func (c content) version() djsession.Version { return djsession.VersionOf(c.text) }

// path is SessionStore._key_to_file. It returns ErrNotFound for a key that no file can
// have.
func (s *Store) path(ctx context.Context, doing, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", djsession.Unavailable(doing, err)
	}
	if !isKey(key) {
		return "", djsession.ErrNotFound
	}
	return filepath.Join(s.folder.Dir(), s.site.Settings().CookieName+key), nil
}

// isKey reports whether all of key is in Django's VALID_KEY_CHARS, whatever the
// Site's KeyShape allows.
func isKey(key string) bool {
	for i := range len(key) {
		if c := key[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return key != ""
}

// read returns the content of the file at path.
//
// Errors: fs.ErrNotExist, atomicfile.ErrIrregular, djsession.ErrTooLarge, or another one
// of the operating system.
func (s *Store) read(path string) (content, error) {
	c, err := s.folder.Read(path, s.site.Limits().Payload, 0)
	if err != nil {
		return content{}, err
	}
	if !c.Whole() {
		return content{}, djsession.ErrTooLarge
	}
	return content{c.Text, c.Modified}, nil
}

// match returns the stored content, if it is the one that seen saw. Only Force matches a
// content that cannot be read.
func (s *Store) match(doing, path string, seen djsession.Version) (content, error) {
	c, err := s.read(path)
	if seen.IsForce() && errors.Is(err, djsession.ErrTooLarge) {
		return c, nil
	}
	if err != nil {
		return c, s.failed(doing, err, seen)
	}
	if !seen.IsForce() && !seen.Equal(c.version()) {
		return c, djsession.ErrConflict
	}
	return c, nil
}

// same returns a function that recognises the file that seen saw, after an exchange. It
// returns nil for Force.
func (s *Store) same(seen djsession.Version) func(path string) bool {
	if seen.IsForce() {
		return nil
	}
	return func(path string) bool {
		c, err := s.read(path)
		return err == nil && c.version().Equal(seen)
	}
}

// unread returns the error of Load for an error of read.
func (s *Store) unread(doing string, err error) error {
	if errors.Is(err, atomicfile.ErrIrregular) || errors.Is(err, djsession.ErrTooLarge) {
		return djsession.Corrupt(doing, err)
	}
	return s.failed(doing, err, djsession.Force)
}

// failed returns the error of a method for an error of the operating system. A session
// that is missing although it was seen has changed.
func (s *Store) failed(doing string, err error, seen djsession.Version) error {
	if !seen.IsForce() && errors.Is(err, djsession.ErrTooLarge) {
		return djsession.ErrConflict
	}
	return s.folder.Failed(doing, err, seen)
}

// draft writes a record to a new file beside path.
func (s *Store) draft(doing, path string, r *djsession.Record) (d *atomicfile.Draft, text string, err error) {
	text, err = s.site.Encode(r.Data)
	switch {
	case errors.Is(err, signer.ErrTooLarge), err == nil && len(text) > s.site.Limits().Payload:
		return nil, "", fmt.Errorf("%s: %w", doing, djsession.ErrTooLarge)
	case err != nil:
		return nil, "", fmt.Errorf("%s: %w", doing, err)
	}
	mtime, err := s.mtime(r.Data, r.Expires)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", doing, err)
	}
	d, err = s.folder.Draft(doing, path, text, mtime)
	return d, text, err
}
