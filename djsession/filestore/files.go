package filestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/signer"
)

// errIrregular is a link, a folder, a FIFO or the like in the place of a session.
var errIrregular = errors.New("not a regular file")

// content is what a file holds, and since when.
type content struct {
	text  string
	mtime time.Time
}

func (c content) version() djsession.Version { return djsession.VersionOf(c.text) }

// path is SessionStore._key_to_file. A key that no file can have is not found.
func (s *Store) path(ctx context.Context, doing, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", djsession.Unavailable(doing, err)
	}
	if !isKey(key) {
		return "", djsession.ErrNotFound
	}
	return filepath.Join(s.dir, s.site.Settings().CookieName+key), nil
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

// open opens a regular file, without following a link or waiting for a FIFO.
func open(path string, flag int) (*os.File, fs.FileInfo, error) {
	if noFollow == 0 {
		if fi, err := os.Lstat(path); err != nil {
			return nil, nil, err
		} else if !fi.Mode().IsRegular() {
			return nil, nil, errIrregular
		}
	}
	f, err := os.OpenFile(path, flag|noFollow, 0)
	if err != nil {
		// Systems differ in the error for a link or a folder.
		if fi, e := os.Lstat(path); e == nil && !fi.Mode().IsRegular() {
			err = errIrregular
		}
		return nil, nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = errIrregular
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, fi, nil
}

// read returns what the file at path holds.
//
// Errors: fs.ErrNotExist, errIrregular, djsession.ErrTooLarge, or another one of
// the operating system.
func (s *Store) read(path string) (content, error) {
	f, fi, err := open(path, os.O_RDONLY)
	if err != nil {
		return content{}, err
	}
	defer f.Close()
	limit := int64(s.site.Limits().Payload)
	if fi.Size() > limit {
		return content{}, djsession.ErrTooLarge
	}
	// One byte more than there should be, so that the end is seen at once.
	buf := make([]byte, fi.Size()+1)
	n, err := io.ReadFull(f, buf)
	if err == nil {
		// It is growing under our eyes: somebody writes in place.
		return content{}, djsession.ErrTooLarge
	}
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return content{}, err
	}
	return content{string(buf[:n]), fi.ModTime()}, nil
}

// match returns what is stored, if it is what seen saw. What cannot be read can
// only be replaced by force.
func (s *Store) match(doing, path string, seen djsession.Version) (content, error) {
	c, err := s.read(path)
	if seen.IsForce() && errors.Is(err, djsession.ErrTooLarge) {
		return c, nil
	}
	if err != nil {
		return c, s.failed(doing, err, seen)
	}
	if !seen.IsForce() && seen != c.version() {
		return c, djsession.ErrConflict
	}
	return c, nil
}

// unread is what Load returns for an error of read.
func (s *Store) unread(doing string, err error) error {
	if errors.Is(err, errIrregular) || errors.Is(err, djsession.ErrTooLarge) {
		return djsession.Corrupt(doing, err)
	}
	return s.failed(doing, err, djsession.Force)
}

// failed is what a method returns for an error of the operating system. What is
// no session that was ever seen has changed.
func (s *Store) failed(doing string, err error, seen djsession.Version) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Without the folder nothing is known about the session.
		if _, e := os.Stat(s.dir); e != nil {
			return djsession.Unavailable(doing, e)
		}
		return djsession.ErrNotFound
	case !seen.IsForce() && (errors.Is(err, errIrregular) || errors.Is(err, djsession.ErrTooLarge)):
		return djsession.ErrConflict
	}
	return djsession.Unavailable(doing, err)
}

// draft is a file that is ready to become a session.
type draft struct {
	name, text string
	file       *os.File
}

// draft writes a record to a new file beside path. Where there is flock nobody
// else can take what comes of it for a session to change until discard.
func (s *Store) draft(doing, path string, r *djsession.Record) (*draft, error) {
	text, err := s.site.Encode(r.Data)
	switch {
	case errors.Is(err, signer.ErrTooLarge), err == nil && len(text) > s.site.Limits().Payload:
		return nil, fmt.Errorf("%s: %w", doing, djsession.ErrTooLarge)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	mtime, err := s.mtime(r.Data, r.Expires)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	f, err := os.CreateTemp(s.dir, filepath.Base(path)+"_out_*")
	if err != nil {
		return nil, djsession.Unavailable(doing, err)
	}
	d := &draft{f.Name(), text, f}
	_, err = f.WriteString(text)
	if err == nil && !s.noSync {
		err = f.Sync()
	}
	if err == nil {
		err = settle(f)
	}
	if err == nil {
		err = os.Chtimes(d.name, time.Time{}, mtime)
	}
	if err != nil {
		d.discard()
		return nil, djsession.Unavailable(doing, err)
	}
	return d, nil
}

// discard removes what is left under the name of the draft: the draft itself, or
// what it replaced.
func (d *draft) discard() {
	_ = os.Remove(d.name)
	_ = d.file.Close()
}

// sync waits until the names in the folder are on the disk.
func (s *Store) sync(doing string) error {
	if s.noSync {
		return nil
	}
	if err := syncDir(s.dir); err != nil {
		return djsession.Unavailable(doing, err)
	}
	return nil
}

// pause waits a little before another try, up to 6 ms.
func pause(ctx context.Context, try int) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rand.N(50 * time.Microsecond << min(try, 7))):
		return nil
	}
}
