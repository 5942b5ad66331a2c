package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-djsession/go-djsession/serializer"
)

// checkpoint is the file of --resume. The cursor of most engines is the key of a
// session, which nobody else may read: the file has the mode 0600.
type checkpoint struct {
	Task   string `json:"task"` // what must be the same when it goes on
	Cursor string `json:"cursor"`
	Counts counts `json:"counts"`
}

func newCheckpoint(f *convertFlags) *checkpoint {
	return &checkpoint{Task: fmt.Sprintf("convert to %s %s, table %s, lossy %t, dry run %t", f.to, f.toFormat, f.table, f.lossy, f.dryRun)}
}

// read reads the file, if there is one.
func (c *checkpoint) read(name string) error {
	if name == "" {
		return nil
	}
	text, err := readFile(name, 1<<20)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	var was checkpoint
	if err := json.Unmarshal([]byte(text), &was); err != nil {
		return refused("the file of --resume is none that djsession convert wrote", "remove it to begin at the beginning")
	}
	if was.Task != c.Task {
		return usage("the file of --resume belongs to a run with other flags", "give the same flags, or remove it to begin at the beginning")
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
		return fileProblem(err)
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
		return fileProblem(err)
	}
	return nil
}

func (c *checkpoint) remove(name string) error {
	if name == "" {
		return nil
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fileProblem(err)
	}
	return nil
}

// report is the file of --report; nil writes nothing.
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
		return nil, fileProblem(err)
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
			return fileProblem(err)
		}
	}
	return nil
}

func (r *report) flush() error {
	if r == nil {
		return nil
	}
	if err := r.w.Flush(); err != nil {
		return fileProblem(err)
	}
	return nil
}

func (r *report) close() error {
	if r == nil {
		return nil
	}
	return errors.Join(r.flush(), r.f.Close())
}
