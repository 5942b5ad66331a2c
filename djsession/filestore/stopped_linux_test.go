package filestore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/signer"
)

// writer is another process that updates the session of key. It holds the session and has
// a draft beside it when it is stopped.
type writer struct {
	cmd *exec.Cmd
	out *bufio.Reader
}

// startWriter returns when the writer is stopped.
func startWriter(t *testing.T, dir string) *writer {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestWriter$")
	cmd.Env = append(os.Environ(), "FILESTORE_WRITER="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &writer{cmd, bufio.NewReader(out)}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	p.says(t, "held\n")
	p.signal(t, syscall.SIGSTOP)
	return p
}

func (p *writer) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func (p *writer) says(t *testing.T, want string) {
	t.Helper()
	if got, err := p.out.ReadString('\n'); got != want {
		t.Fatalf("the writer says %q (%v), want %q", got, err, want)
	}
}

// TestWriter is the process of [writer].
func TestWriter(t *testing.T) {
	dir := os.Getenv("FILESTORE_WRITER")
	if dir == "" {
		return // it is the process that startWriter starts
	}
	site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("filestore-test"), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(t, site, dir, &filestore.Options{NoSync: true})
	s.SetExchange(func(from, to string, real func(from, to string) error) error {
		fmt.Println("held")
		time.Sleep(300 * time.Millisecond) // time to be stopped
		return real(from, to)
	})
	_, err = s.Update(context.Background(), key, &djsession.Record{Data: dict("n", 2), Expires: now.Add(time.Hour)}, djsession.Force)
	fmt.Println("gone:", errors.Is(err, djsession.ErrNotFound))
}

// A process that is stopped while it holds a session keeps nobody logged in. When it goes
// on, it does not bring the session back.
func TestStoppedWriter(t *testing.T) {
	w := newWorld(t, nil)
	v := w.create(t, "n", 1)
	needExchange(t)
	p := startWriter(t, w.dir)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if n, err := w.ClearExpired(ctx, nil); n != 0 || err != nil {
		t.Errorf("ClearExpired: got %d, %v", n, err)
	}
	soon, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	wantKind(t, "Delete of what was seen", w.Delete(soon, key, v), djsession.ErrUnavailable)
	if err := w.Delete(ctx, key, djsession.Force); err != nil {
		t.Errorf("Delete: %v", err)
	}
	p.signal(t, syscall.SIGCONT)
	p.says(t, "gone: true\n")
	_, _, err := w.Load(ctx, key)
	wantKind(t, "Load", err, djsession.ErrNotFound)
}

// Where files cannot be exchanged, the process would bring the session back: a logout says
// that it cannot be done.
func TestStoppedWriterWithoutExchange(t *testing.T) {
	w := newWorld(t, nil)
	w.create(t, "n", 1)
	needExchange(t)
	startWriter(t, w.dir)
	w.Plain()
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	wantKind(t, "Delete", w.Delete(ctx, key, djsession.Force), djsession.ErrUnavailable)
	if _, _, err := w.Load(t.Context(), key); err != nil {
		t.Errorf("Load: %v", err)
	}
}

// An expired session that a stopped process holds stays, and the others are removed.
func TestClearExpiredBesideStopped(t *testing.T) {
	w := newWorld(t, nil)
	w.create(t, "n", 1)
	needExchange(t)
	startWriter(t, w.dir)
	old := now.Add(-1000 * time.Hour)
	text := w.encode(t, "n", 1)
	if err := os.Chtimes(w.path, old, old); err != nil {
		t.Fatal(err)
	}
	plant(t, filepath.Join(w.dir, "sessionid"+other), text, old)
	if n, err := w.ClearExpired(t.Context(), nil); n != 1 || err != nil {
		t.Errorf("got %d, %v, want 1", n, err)
	}
}

// What killed writers left is removed after a day, and nothing else.
func TestDraftsOfKilledWriters(t *testing.T) {
	w := newWorld(t, nil)
	w.create(t, "n", 1)
	needExchange(t)
	killed := startWriter(t, w.dir)
	killed.signal(t, syscall.SIGKILL)
	_ = killed.cmd.Wait()
	drafts, _ := filepath.Glob(w.path + "_out_*")
	if len(drafts) != 1 {
		t.Fatalf("the killed writer left %d drafts, want 1", len(drafts))
	}
	text := w.encode(t, "n", 2)
	stale := append(drafts,
		w.path+"_out_k3x_9ab",                               // Django, by tempfile.mkstemp
		w.path+"_out_Zq0_aB",                                // the same on Python 2
		filepath.Join(w.dir, "sessionid"+other+"_out_abcd")) // of a session that is gone
	for _, path := range stale[1:] {
		plant(t, path, text, now)
	}
	others := []string{
		"sessionid" + key + "_out_", "sessionid" + key + "_out_a.b", "sessionid" + key + "_in_abc", "sessionid_out_abc",
		"sessionidshort_out_abc", "other" + key + "_out_abc", "tmpabcdefgh", "djsession.lock",
	}
	for _, name := range others {
		plant(t, filepath.Join(w.dir, name), text, now)
	}
	if err := os.Mkdir(w.path+"_out_folder", 0o700); err != nil {
		t.Fatal(err)
	}
	startWriter(t, w.dir) // it lives, and holds its draft
	held, _ := filepath.Glob(w.path + "_out_*")
	count := func() int {
		t.Helper()
		if n, err := w.ClearExpired(t.Context(), nil); n != 0 || err != nil {
			t.Errorf("ClearExpired: got %d, %v", n, err)
		}
		names, _ := os.ReadDir(w.dir)
		return len(names)
	}
	all := count()
	w.Later(23 * time.Hour)
	if got := count(); got != all {
		t.Errorf("before a day has passed: %d files are gone", all-got)
	}
	w.Later(25 * time.Hour)
	if n, err := w.ClearExpired(t.Context(), &djsession.ReapOptions{DryRun: true}); n != 0 || err != nil {
		t.Errorf("a dry run: got %d, %v", n, err)
	}
	if got := count(); got != all-len(stale) {
		t.Errorf("after a day %d files are gone, want %d", all-got, len(stale))
	}
	for _, path := range stale {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", filepath.Base(path))
		}
	}
	if now, _ := filepath.Glob(w.path + "_out_*"); len(now) != len(held)-3 {
		t.Errorf("%d of the session's drafts are left, want %d", len(now), len(held)-3)
	}
}
