package filecache_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// tmpfs returns a world in a file system of its own.
func tmpfs(t *testing.T, options string) *world {
	t.Helper()
	w := newWorld(t, nil)
	if err := syscall.Mount("djsession-test", w.dir, "tmpfs", 0, options); err != nil {
		testserver.Lacks(t, fmt.Sprintf("a small file system cannot be mounted: %v: run as root", err))
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(w.dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return w
}

// writes calls each method that writes a file, on name or on one that is free.
func (w *world) writes(t *testing.T, v djsession.Version) map[string]error {
	t.Helper()
	ctx, d, expires := t.Context(), dict("n", 2), now.Add(time.Hour)
	errs := map[string]error{}
	_, errs["Add"] = w.Add(ctx, "other", d, expires)
	_, errs["Set"] = w.Set(ctx, name, d, expires)
	_, errs["Replace"] = w.Replace(ctx, name, d, expires, v)
	_, errs["Touch"] = w.Touch(ctx, name, expires.Add(time.Hour), v)
	return errs
}

// On a full disk nothing is written by half and nothing is lost; logging out works.
func TestFullDisk(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := tmpfs(t, "size=64k")
		if plain {
			w.Plain()
		}
		v := w.add(t, "n", 1)
		before := w.raw(t)
		filler := filepath.Join(w.dir, "filler")
		if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("fill the disk: %v", err)
		}
		for doing, err := range w.writes(t, v) {
			wantKind(t, doing, err, djsession.ErrUnavailable)
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%s: the error %v does not match ENOSPC", doing, err)
			}
		}
		if got := w.raw(t); got != before {
			t.Errorf("stored is now %q, want %q", got, before)
		}
		_, err := w.Get(t.Context(), "other")
		wantKind(t, "Get of what could not be added", err, djsession.ErrNotFound)
		wantNoDrafts(t, w.dir)
		if err := w.Delete(t.Context(), name, v); err != nil {
			t.Errorf("Delete: %v", err)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		w.add(t, "n", 3) // it is back
	}
}

// A file system that is read-only can be read; each change is an error.
func TestReadOnly(t *testing.T) {
	w := tmpfs(t, "size=64k")
	v := w.add(t, "n", 1)
	remount := func(flags uintptr) {
		if err := syscall.Mount("djsession-test", w.dir, "", syscall.MS_REMOUNT|flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	remount(syscall.MS_RDONLY)
	defer remount(0)
	errs := w.writes(t, v)
	errs["Delete"] = w.Delete(t.Context(), name, v)
	errs["forced Delete"] = w.Delete(t.Context(), name, djsession.Force)
	for doing, err := range errs {
		wantKind(t, doing, err, djsession.ErrUnavailable)
	}
	if _, err := w.Get(t.Context(), name); err != nil {
		t.Errorf("Get: %v", err)
	}
}

// What is no regular file is not followed, waited for or changed.
func TestIrregular(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	text := expiry(now.Add(time.Hour)) + compress(login)
	for _, test := range []struct {
		name string
		make func(path string) error
	}{
		{"link out of the folder", func(path string) error { return os.Symlink(secret, path) }},
		{"link to nothing", func(path string) error { return os.Symlink("nothing", path) }},
		{"FIFO", func(path string) error { return syscall.Mkfifo(path, 0o600) }},
		{"folder", func(path string) error { return os.Mkdir(path, 0o700) }},
	} {
		w := newWorld(t, nil)
		plant(t, secret, text)
		if err := test.make(w.path); err != nil {
			t.Fatal(err)
		}
		ctx, d := t.Context(), dict("n", 1)
		v := djsession.VersionOf(compress(login))
		_, err := w.Get(ctx, name)
		wantKind(t, test.name+": Get", err, djsession.ErrCorrupt)
		_, err = w.Add(ctx, name, d, now.Add(time.Hour))
		wantKind(t, test.name+": Add", err, djsession.ErrKeyTaken)
		_, err = w.Set(ctx, name, d, now.Add(time.Hour))
		wantKind(t, test.name+": Set", err, djsession.ErrUnavailable)
		_, err = w.Replace(ctx, name, d, now.Add(time.Hour), v)
		wantKind(t, test.name+": Replace", err, djsession.ErrConflict)
		wantKind(t, test.name+": Delete", w.Delete(ctx, name, v), djsession.ErrConflict)
		if n, err := w.ClearExpired(ctx, "", nil); n != 0 || err != nil {
			t.Errorf("%s: ClearExpired: got %d, %v", test.name, n, err)
		}
		if raw, err := os.ReadFile(secret); string(raw) != text || err != nil {
			t.Errorf("%s: the file outside was changed", test.name)
		}
		wantNoDrafts(t, w.dir)
	}
}
