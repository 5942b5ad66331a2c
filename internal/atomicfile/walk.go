package atomicfile

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/go-djsession/go-djsession/djsession"
)

// Names returns the names in the folder for which accept returns true, in no order.
//
// Errors: [djsession.ErrUnavailable].
func (f *Folder) Names(ctx context.Context, doing string, accept func(name string) bool) ([]string, error) {
	dir, err := os.Open(f.dir)
	if err != nil {
		return nil, djsession.Unavailable(doing, err)
	}
	defer dir.Close()
	var accepted []string
	for {
		if err := ctx.Err(); err != nil {
			return nil, djsession.Unavailable(doing, err)
		}
		names, err := dir.Readdirnames(1000)
		if len(names) == 0 {
			if err != nil && err != io.EOF {
				return nil, djsession.Unavailable(doing, err)
			}
			return accepted, nil
		}
		for _, name := range names {
			if accept(name) {
				accepted = append(accepted, name)
			}
		}
	}
}

// Reap removes those of the named files for which over returns true, and returns their
// number, as [djsession.Reaper] says. It calls over once more when no other user of this
// package can write the file.
func (f *Folder) Reap(ctx context.Context, doing string, names []string, opts *djsession.ReapOptions, over func(path string) (bool, error)) (done int64, err error) {
	if opts == nil {
		opts = &djsession.ReapOptions{}
	}
	batch := int64(opts.Batch)
	if batch <= 0 {
		batch = 1000
	}
	told := int64(0)
	tell := func() {
		if opts.Progress != nil && done > told {
			opts.Progress(done)
		}
		told = done
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return done, djsession.Unavailable(doing, err)
		}
		removed, err := f.reap(ctx, doing, filepath.Join(f.dir, name), opts.DryRun, over)
		if err != nil {
			return done, err
		}
		if removed {
			done++
		}
		if done-told == batch {
			tell()
		}
	}
	tell()
	return done, nil
}

func (f *Folder) reap(ctx context.Context, doing, path string, dryRun bool, over func(path string) (bool, error)) (bool, error) {
	is, err := over(path)
	if err != nil || !is || dryRun {
		return is, err
	}
	soon, cancel := context.WithTimeout(ctx, heldFor)
	defer cancel()
	release, err := f.Hold(soon, path)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return false, nil // a process that was stopped holds it
	}
	if err == nil {
		defer release()
		// Somebody may have saved it before we held it.
		if is, err = over(path); err != nil || !is {
			return false, err
		}
		err = unlink(ctx, path)
	}
	if err != nil {
		err = f.Failed(doing, err, djsession.Force)
	}
	if errors.Is(err, djsession.ErrNotFound) {
		return false, nil // somebody else was faster
	}
	return err == nil, err
}
