package report

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// head begins each report: by it Save knows a file of its own.
const head = `<!doctype html>
<html lang="en">
<head>
<meta name="generator" content="djsession report">
`

// ErrOther means that there is a file of that name which is no report.
var ErrOther = errors.New("report: the file is there and is no report")

// Check returns the error with which Save would refuse to write a file: ErrOther for one
// that is no report, unless force is set, and for a folder, a device or a link in any case.
func Check(name string, force bool) error {
	_, err := check(name, force)
	return err
}

func check(name string, force bool) (exists bool, err error) {
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return true, ErrOther
	case force:
		return true, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return true, err
	}
	defer f.Close()
	begin := make([]byte, len(head))
	if _, err := io.ReadFull(f, begin); err != nil || string(begin) != head {
		return true, ErrOther
	}
	return true, nil
}

// Save writes the page to a file that only its owner can read, as a whole or not at all. It
// replaces an older report, and any other file only if force is set.
func Save(name string, force bool, p *Page) error {
	var text bytes.Buffer
	if err := Write(&text, p); err != nil {
		return err
	}
	exists, err := check(name, force)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".report*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // it is gone if all went well
	_, err = f.Write(text.Bytes())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if !exists {
		// A link, unlike a rename, replaces no file that somebody makes meanwhile.
		switch err := os.Link(f.Name(), name); {
		case err == nil:
			return nil
		case errors.Is(err, fs.ErrExist):
			return ErrOther
		}
	}
	return os.Rename(f.Name(), name) // or there are no links here
}
