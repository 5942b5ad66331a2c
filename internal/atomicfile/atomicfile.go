// Package atomicfile keeps sessions in files of one folder that Django writes
// too: what the engine file and FileBasedCache have in common.
//
// A file is never written in place: a Draft is made beside it and takes its
// place in one step. Those who use this package, in one process or in several on
// one machine, exclude each other by flock on the file (on Windows by a file
// djsession.lock in the folder). Django takes no lock; what it does between two
// steps is found out by exchanging the files and looking at what came out.
//
// Errors are those of djsession.Store where a method says so, and else those of
// the operating system, which hold paths: Folder.Failed turns them into the former.
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

// ErrIrregular is a link, a folder, a FIFO or the like in the place of a file.
var ErrIrregular = errors.New("not a regular file")

// Folder is where the files are. It is safe for concurrent use.
type Folder struct {
	dir    string
	noSync bool
	locker locker

	// What the system does, for tests to replace before the first use. Exchange
	// swaps two files, RenameNew renames to a name that is not taken, Link gives a
	// file such a second name. They report errors.ErrUnsupported where there is no
	// such thing.
	Exchange, RenameNew, Link func(from, to string) error
}

// New returns the Folder at dir. With noSync it does not wait until a change is
// on the disk.
func New(dir string, noSync bool) *Folder {
	return &Folder{dir: dir, noSync: noSync, locker: newLocker(), Exchange: Exchange, RenameNew: renameNew, Link: os.Link}
}

// Dir is the path of the folder.
func (f *Folder) Dir() string { return f.dir }

// Content is what a file holds, and since when.
type Content struct {
	Text     string
	Modified time.Time
	// Size is that of the file; it is more than len(Text) if only the beginning
	// was read.
	Size int64
}

// Whole reports whether Text is all of the file.
func (c Content) Whole() bool { return c.Size == int64(len(c.Text)) }

// open opens a regular file, without following a link or waiting for a FIFO.
func open(path string, flag int) (*os.File, fs.FileInfo, error) {
	if noFollow == 0 {
		if fi, err := os.Lstat(path); err != nil {
			return nil, nil, err
		} else if !fi.Mode().IsRegular() {
			return nil, nil, ErrIrregular
		}
	}
	f, err := os.OpenFile(path, flag|noFollow, 0)
	if err != nil {
		// Systems differ in the error for a link or a folder.
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

// Read returns what the file at path holds, or of one longer than limit its
// first head bytes.
//
// Errors: fs.ErrNotExist, ErrIrregular, or another one of the operating system.
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

// Failed is what a method returns for an error of the operating system. What is
// no file that was ever seen has changed.
//
// Errors: djsession.ErrNotFound, ErrConflict, ErrUnavailable.
func (f *Folder) Failed(doing string, err error, seen djsession.Version) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Without the folder nothing is known about the file.
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

// Draft writes text to a new file beside path, last modified at modified unless
// that is zero. Where there is flock nobody else can take what comes of it for a
// file to change until Discard.
//
// Errors: djsession.ErrUnavailable.
func (f *Folder) Draft(doing, path, text string, modified time.Time) (*Draft, error) {
	file, err := os.CreateTemp(f.dir, filepath.Base(path)+"_out_*")
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

// Discard removes what is left under the name of the draft: the draft itself, or
// what it replaced.
func (d *Draft) Discard() {
	_ = os.Remove(d.name)
	_ = d.file.Close()
}

// Unlink deletes the file at path, unlike os.Remove no folder. The caller holds it.
func (f *Folder) Unlink(ctx context.Context, path string) error { return unlink(ctx, path) }

// Sync waits until the names in the folder are on the disk.
//
// Errors: djsession.ErrUnavailable.
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

// modified is the time of modification of a file. A machine of 32 bits sees one from
// 2038 to 2106, which another program set, 2^32 seconds too early: before 1970.
func modified(fi os.FileInfo) time.Time {
	t := fi.ModTime()
	if math.MaxInt == math.MaxInt32 && t.Unix() < 0 {
		t = time.Unix(t.Unix()+1<<32, int64(t.Nanosecond()))
	}
	return t
}
