package atomicfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// A process that was stopped or killed leaves a lock or a draft behind. heldFor is how long
// others wait for the lock, and draftAge is the age of a draft that nobody will rename any
// more.
const (
	heldFor  = time.Second
	draftAge = 24 * time.Hour
)

// HoldToDelete is [Folder.Hold] for a Delete. With [djsession.Force] it goes on without the
// lock if the file cannot be opened, or if somebody keeps it for a second: a process that
// was stopped must not keep anybody logged in. Where files can be exchanged, such a process
// does not bring the file back later. Elsewhere HoldToDelete waits until ctx ends.
func (f *Folder) HoldToDelete(ctx context.Context, path string, seen djsession.Version) (release func(), err error) {
	if !seen.IsForce() {
		return f.Hold(ctx, path)
	}
	soon, cancel := context.WithTimeout(ctx, heldFor)
	defer cancel()
	release, err = f.Hold(soon, path)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && !f.exchanges(path) {
		release, err = f.Hold(ctx, path)
	}
	if err != nil && ctx.Err() == nil {
		return func() {}, nil
	}
	return release, err
}

// exchanges reports whether the folder can exchange files. It tries with two drafts.
func (f *Folder) exchanges(path string) bool {
	var drafts [2]string
	for i := range drafts {
		file, err := os.CreateTemp(f.dir, filepath.Base(path)+draftMark+"*")
		if err != nil {
			return false
		}
		file.Close()
		defer os.Remove(file.Name())
		drafts[i] = file.Name()
	}
	return f.Exchange(drafts[0], drafts[1]) == nil
}

// draftMark stands between the name of a file and the random end of the name of its draft:
// in [Folder.Draft], and in Django's engine file.
const draftMark = "_out_"

// IsDraft reports whether name is that of a draft of a file for which accept returns true.
func IsDraft(name string, accept func(name string) bool) bool {
	i := strings.LastIndex(name, draftMark)
	if i < 0 || !accept(name[:i]) {
		return false
	}
	random := name[i+len(draftMark):]
	return random != "" && strings.Trim(random, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// ReapDrafts removes those of the named drafts that a killed writer left: nobody holds
// them, and nobody has changed them for a day. It leaves what it may not remove.
func (f *Folder) ReapDrafts(ctx context.Context, names []string) {
	for _, name := range names {
		if ctx.Err() != nil {
			return
		}
		path := filepath.Join(f.dir, name)
		if at, err := changed(path); err != nil || f.Now().Sub(at) < draftAge {
			continue
		}
		soon, cancel := context.WithTimeout(ctx, time.Millisecond)
		if release, err := f.Hold(soon, path); err == nil {
			_ = unlink(ctx, path)
			release()
		}
		cancel()
	}
}
