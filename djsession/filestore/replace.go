package filestore

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/go-djsession/go-djsession/djsession"
)

// place gives the draft the name path, which nothing may have.
func (s *Store) place(doing string, d *draft, path string) error {
	err := s.renameNew(d.name, path)
	if errors.Is(err, errors.ErrUnsupported) {
		// As Django: an empty file takes the name, the draft its place.
		var f *os.File
		if f, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			f.Close()
			if err = os.Rename(d.name, path); err != nil {
				_ = os.Remove(path)
			}
		}
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return djsession.ErrKeyTaken
	case err != nil:
		return djsession.Unavailable(doing, err)
	}
	return nil
}

// replace puts the draft in the place of what seen saw, for a caller that holds
// path and has looked. Django may still do what it likes:
//
//  1. Exchange the two files. If path is gone, Django deleted the session, and it
//     stays deleted.
//  2. Look at what came out. If it is what was seen, or anything will do, the
//     session is replaced.
//  3. Else Django wrote it since the look: put that back.
func (s *Store) replace(ctx context.Context, doing string, d *draft, path string, seen djsession.Version) error {
	ours, err := os.Lstat(d.name)
	if err != nil {
		return djsession.Unavailable(doing, err)
	}
	err = s.exchange(d.name, path)
	if errors.Is(err, errors.ErrUnsupported) {
		if err := rename(ctx, d.name, path); err != nil {
			return s.failed(doing, err, djsession.Force)
		}
		return nil
	}
	if err != nil {
		return s.lost(doing, err, path)
	}
	if seen.IsForce() {
		return nil
	}
	if out, err := s.read(d.name); err == nil && out.version() == seen {
		return nil
	}
	return s.putBack(doing, d, path, ours)
}

// putBack ends an exchange of the draft, whose file in is now at path, with a
// file that Django wrote. Exchanged once more, in should come out again. What
// comes out instead is something newer that Django wrote meanwhile, and goes
// back the same way.
func (s *Store) putBack(doing string, d *draft, path string, in fs.FileInfo) error {
	for {
		next, err := os.Lstat(d.name)
		if err == nil {
			err = s.exchange(d.name, path)
		}
		if err != nil {
			return s.lost(doing, err, path) // a delete wins over whatever was written
		}
		out, err := os.Lstat(d.name)
		if err != nil {
			return djsession.Unavailable(doing, err)
		}
		if os.SameFile(out, in) {
			return djsession.ErrConflict
		}
		in = next
	}
}

// lost is what comes of an exchange that failed, which it also does when the
// draft is gone.
func (s *Store) lost(doing string, err error, path string) error {
	if _, e := os.Lstat(path); e == nil {
		return djsession.Unavailable(doing, err)
	}
	return s.failed(doing, err, djsession.Force)
}
