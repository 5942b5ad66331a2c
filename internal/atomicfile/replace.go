package atomicfile

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/go-djsession/go-djsession/djsession"
)

// Place gives the draft the name path, which nothing may have.
//
// Errors: djsession.ErrKeyTaken, ErrUnavailable.
func (f *Folder) Place(doing string, d *Draft, path string) error {
	err := f.RenameNew(d.name, path)
	if errors.Is(err, errors.ErrUnsupported) {
		err = f.Link(d.name, path)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			err = place(d.name, path)
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

// place does as Django: an empty file takes the name, the draft its place.
func place(from, to string) error {
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	file.Close()
	if err = os.Rename(from, to); err != nil {
		_ = os.Remove(to)
	}
	return err
}

// Replace puts the draft in the place of what the caller, who holds path, has
// looked at and recognises by same; nil is for whatever is there. Django may
// still do what it likes:
//
//  1. Exchange the two files. If path is gone, Django deleted it, and it stays
//     deleted.
//  2. Look at what came out. If it is what was seen, or anything will do, it is
//     replaced.
//  3. Else Django wrote it since the look: put that back.
//
// Errors: djsession.ErrNotFound, ErrConflict, ErrUnavailable.
func (f *Folder) Replace(ctx context.Context, doing string, d *Draft, path string, same func(path string) bool) error {
	ours, err := os.Lstat(d.name)
	if err != nil {
		return djsession.Unavailable(doing, err)
	}
	err = f.Exchange(d.name, path)
	if errors.Is(err, errors.ErrUnsupported) {
		if err := rename(ctx, d.name, path); err != nil {
			return f.Failed(doing, err, djsession.Force)
		}
		return nil
	}
	if err != nil {
		return f.lost(doing, err, path)
	}
	if same == nil || same(d.name) {
		return nil
	}
	return f.putBack(doing, d, path, ours)
}

// putBack ends an exchange of the draft, whose file in is now at path, with a
// file that Django wrote. Exchanged once more, in should come out again. What
// comes out instead is something newer that Django wrote meanwhile, and goes
// back the same way.
func (f *Folder) putBack(doing string, d *Draft, path string, in fs.FileInfo) error {
	for {
		next, err := os.Lstat(d.name)
		if err == nil {
			err = f.Exchange(d.name, path)
		}
		if err != nil {
			return f.lost(doing, err, path) // a delete wins over whatever was written
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
func (f *Folder) lost(doing string, err error, path string) error {
	if _, e := os.Lstat(path); e == nil {
		return djsession.Unavailable(doing, err)
	}
	return f.Failed(doing, err, djsession.Force)
}
