// Package atomicfile keeps sessions in files of a folder to which Django also writes. The
// engine file and FileBasedCache both use it.
//
// A file is never written in place: a [Draft] is made beside it and takes its place in one
// step. The users of this package, in one process or in several on one machine, exclude
// each other by flock on the file (on Windows by a file djsession.lock in the folder).
// Django takes no lock. To see what Django did between two steps, the package exchanges
// the files and looks at the one that came out.
//
// If a method says so, its errors are those of [djsession.Store]. All others are those of
// the operating system, which hold paths; [Folder.Failed] turns them into the former.
package atomicfile

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// ErrIrregular: a link, a folder, a FIFO or something else that is no file stands in its
// place.
var ErrIrregular = errors.New("not a regular file")

// Folder is the folder of the files. It is safe for concurrent use.
type Folder struct {
	dir    string
	noSync bool
	locker locker

	// Calls of the operating system. Tests may replace them before the first use.
	// Exchange swaps two files, RenameNew renames to a name that is not taken, Link adds
	// a second name to a file. A system that cannot do it returns [errors.ErrUnsupported].
	Exchange, RenameNew, Link func(from, to string) error
	// Now is the clock by which the files get their times.
	Now func() time.Time
}

// New returns the [Folder] at dir. With noSync it does not wait until a change is
// on the disk.
func New(dir string, noSync bool) *Folder {
	return &Folder{dir: dir, noSync: noSync, locker: newLocker(), Exchange: Exchange, RenameNew: renameNew, Link: os.Link, Now: time.Now}
}

// Dir returns the path of the folder.
func (f *Folder) Dir() string { return f.dir }

// Content is the content of a file and its time of modification.
type Content struct {
	Text     string
	Modified time.Time
	// Size is the size of the file. It is more than len(Text) if only the beginning was
	// read.
	Size int64
}

// Whole reports whether [Content.Text] is all of the file.
func (c Content) Whole() bool { return c.Size == int64(len(c.Text)) }

// open opens a regular file. It follows no link and does not wait for a FIFO.
func open(path string, flag int) (*os.File, fs.FileInfo, error) {
	if noFollow == 0 {
		if fi, err := os.Lstat(path); err != nil {
			return nil, nil, err
		} else if !fi.Mode().IsRegular() {
			return nil, nil, ErrIrregular
		}
	}
	f, err := openFile(path, flag|noFollow)
	if err != nil {
		// Systems return different errors for a link or a folder.
		if fi, e := os.Lstat(path); e == nil && !fi.Mode().IsRegular() {
			err = ErrIrregular
		}
		return nil, nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = ErrIrregular
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, fi, nil
}

// Read returns the content of the file at path. Of a file longer than limit it returns
// the first head bytes.
//
// Errors: [fs.ErrNotExist], [ErrIrregular], or another one of the operating system.
func (f *Folder) Read(path string, limit, head int) (Content, error) {
	file, fi, err := open(path, os.O_RDONLY)
	if err != nil {
		return Content{}, err
	}
	defer file.Close()
	c := Content{Modified: modified(fi), Size: fi.Size()}
	want := int64(head)
	if c.Size <= int64(limit) {
		want = c.Size + 1 // one byte more than there should be, so that the end is seen at once
	}
	buf := make([]byte, want)
	n, err := io.ReadFull(file, buf)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return Content{}, err
	}
	c.Text = string(buf[:n])
	if c.Size <= int64(limit) {
		c.Size = int64(n)
		if err == nil {
			c.Size++ // it is growing under our eyes: somebody writes in place
		}
	}
	return c, nil
}

// Failed returns the error of a method for an error of the operating system. A file that
// is missing although it was seen has changed.
//
// Errors: [djsession.ErrNotFound], [djsession.ErrConflict], [djsession.ErrUnavailable].
func (f *Folder) Failed(doing string, err error, seen djsession.Version) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Without the folder the file may or may not be there.
		if _, e := os.Stat(f.dir); e != nil {
			return djsession.Unavailable(doing, e)
		}
		return djsession.ErrNotFound
	case !seen.IsForce() && errors.Is(err, ErrIrregular):
		return djsession.ErrConflict
	}
	return djsession.Unavailable(doing, err)
}

// Draft is a file that is ready to take the place of another one.
type Draft struct {
	name string
	file *os.File
}

// Draft writes text to a new file beside path, with the time of modification modified
// unless that is zero. On a system with flock nobody else can change the file that the
// draft becomes until Discard.
//
// Errors: [djsession.ErrUnavailable].
func (f *Folder) Draft(doing, path, text string, modified time.Time) (*Draft, error) {
	file, err := os.CreateTemp(f.dir, filepath.Base(path)+draftMark+"*")
	if err != nil {
		return nil, djsession.Unavailable(doing, err)
	}
	d := &Draft{file.Name(), file}
	_, err = file.WriteString(text)
	if err == nil && !f.noSync {
		err = file.Sync()
	}
	if err == nil {
		err = settle(file)
	}
	if err == nil && !modified.IsZero() {
		err = os.Chtimes(d.name, time.Time{}, modified)
	}
	if err != nil {
		d.Discard()
		return nil, djsession.Unavailable(doing, err)
	}
	return d, nil
}

// Discard removes the file that has the name of the draft: the draft itself, or the file
// that it replaced.
func (d *Draft) Discard() {
	_ = os.Remove(d.name)
	_ = d.file.Close()
}

// Unlink deletes the file at path. Unlike [os.Remove] it deletes no folder. The caller must
// hold the file.
func (f *Folder) Unlink(ctx context.Context, path string) error { return unlink(ctx, path) }

// Sync waits until the names in the folder are on the disk.
//
// Errors: [djsession.ErrUnavailable].
func (f *Folder) Sync(doing string) error {
	if f.noSync {
		return nil
	}
	if err := syncDir(f.dir); err != nil {
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

// modified returns the time of modification of a file. A machine of 32 bits sees a time
// from 2038 to 2106, which another program set, 2^32 seconds too early: before 1970.
func modified(fi os.FileInfo) time.Time {
	t := fi.ModTime()
	if math.MaxInt == math.MaxInt32 && t.Unix() < 0 {
		t = time.Unix(t.Unix()+1<<32, int64(t.Nanosecond()))
	}
	return t
}
