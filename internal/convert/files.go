package convert

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/go-djsession/go-djsession/serializer"
)

// checkpoint is the file of Options.Resume. The cursor of most engines is a session key,
// which nobody else may read: the file has the mode 0600.
type checkpoint struct {
	Task   string `json:"task"` // what must be the same when it goes on
	Cursor string `json:"cursor"`
	Counts Counts `json:"counts"`
}

// FileError is an error of one of the files of Options.
type FileError struct{ Err error }

// Error implements error.
func (e *FileError) Error() string { return "convert: " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *FileError) Unwrap() error { return e.Err }

// read reads the file, if there is one.
func (c *checkpoint) read(name string) error {
	if name == "" {
		return nil
	}
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return &FileError{err}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<20)) // a larger one is none of ours
	if err != nil {
		return &FileError{err}
	}
	var was checkpoint
	if err := json.Unmarshal(text, &was); err != nil {
		return ErrNotResume
	}
	if was.Task != c.Task {
		return ErrOtherTask
	}
	*c = was
	return nil
}

// write replaces the file in one step, so that there always is a whole one.
func (c *checkpoint) write(name string) error {
	if name == "" || c.Cursor == "" {
		return nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // with 0600
	if err != nil {
		return &FileError{err}
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
		return &FileError{err}
	}
	return nil
}

func (c *checkpoint) remove(name string) error {
	if name == "" {
		return nil
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return &FileError{err}
	}
	return nil
}

// report is the file of Options.Report; nil writes nothing.
type report struct {
	f *os.File
	w *bufio.Writer
}

// openReport begins the file, or goes on with it.
func openReport(name string, more bool) (*report, error) {
	if name == "" {
		return nil, nil
	}
	how := os.O_TRUNC
	if more {
		how = os.O_APPEND
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|how, 0o600)
	if err != nil {
		return nil, &FileError{err}
	}
	return &report{f, bufio.NewWriter(f)}, nil
}

// about writes the notes on a session.
func (r *report) about(key string, notes []note) error {
	if r == nil || len(notes) == 0 {
		return nil
	}
	sum := sha256.Sum256([]byte(key))
	for _, n := range notes {
		result := "changed"
		if n.left {
			result = "left"
		}
		text, err := serializer.AppendText(nil, serializer.NewDict(
			serializer.Item{Key: "session", Value: hex.EncodeToString(sum[:6])}, serializer.Item{Key: "path", Value: n.path},
			serializer.Item{Key: "type", Value: n.kind}, serializer.Item{Key: "result", Value: result}), "")
		if err == nil {
			_, err = r.w.Write(append(text, '\n'))
		}
		if err != nil {
			return &FileError{err}
		}
	}
	return nil
}

func (r *report) flush() error {
	if r == nil {
		return nil
	}
	if err := r.w.Flush(); err != nil {
		return &FileError{err}
	}
	return nil
}

func (r *report) close() error {
	if r == nil {
		return nil
	}
	return errors.Join(r.flush(), r.f.Close())
}
