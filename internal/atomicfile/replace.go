package atomicfile

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/go-djsession/go-djsession/djsession"
)

// Place renames the draft to path, which must not exist.
//
// Errors: [djsession.ErrKeyTaken], [djsession.ErrUnavailable].
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

// place does what Django does: an empty file takes the name, and the draft takes its
// place.
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

// Replace puts the draft in the place of the file that the caller saw. The caller must
// hold path; same recognises the file, and nil accepts every file. Django may change the
// file at any time:
//
//  1. Exchange the two files. If path is gone, Django deleted it, and it stays
//     deleted.
//  2. Look at the file that came out. If it is the one that was seen, or same is nil, it is
//     replaced.
//  3. Else Django wrote it since then: put it back.
//
// Errors: [djsession.ErrNotFound], [djsession.ErrConflict], [djsession.ErrUnavailable].
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

// putBack undoes an exchange of the draft, whose file in is now at path, with a file that
// Django wrote. After a second exchange, in should come out. If another file comes out,
// Django wrote it meanwhile: it is newer, and putBack puts it back in the same way.
func (f *Folder) putBack(doing string, d *Draft, path string, in fs.FileInfo) error {
	for {
		next, err := os.Lstat(d.name)
		if err == nil {
			err = f.Exchange(d.name, path)
		}
		if err != nil {
			return f.lost(doing, err, path) // a delete wins over every write
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

// lost returns the error of a failed exchange. An exchange also fails if the draft is
// gone.
func (f *Folder) lost(doing string, err error, path string) error {
	if _, e := os.Lstat(path); e == nil {
		return djsession.Unavailable(doing, err)
	}
	return f.Failed(doing, err, djsession.Force)
}
