package filestore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/filestore"
	"github.com/go-djsession/go-djsession/signer"
)

// needExchange skips what rests on the exchange of files.
func needExchange(t *testing.T) {
	t.Helper()
	w := newWorld(t, nil)
	var err error
	w.SetExchange(func(from, to string, real func(from, to string) error) error {
		err = real(from, to)
		return err
	})
	if _, uerr := w.Update(t.Context(), key, w.record(t), w.create(t)); uerr != nil || err != nil {
		t.Skip("files cannot be exchanged here")
	}
}

// What Django does between two steps of an Update is neither undone nor lost.
// before comes ahead of the first exchange, after behind it.
func TestDjangoInBetween(t *testing.T) {
	needExchange(t)
	const gone = ""
	for _, test := range []struct {
		name string
		seen bool // else Force
		do   []func(w *world)
		err  error
		want string // whose data are stored in the end
	}{
		{"nothing", true, nil, nil, "ours"},
		{"nothing, forced", false, nil, nil, "ours"},
		{"a logout before", true, []func(*world){logout}, djsession.ErrNotFound, gone},
		{"a logout before, forced", false, []func(*world){logout}, djsession.ErrNotFound, gone},
		{"a write before", true, []func(*world){write(t, "one")}, djsession.ErrConflict, "one"},
		{"a write before, forced", false, []func(*world){write(t, "one")}, nil, "ours"},
		{"a write before, a logout after", true, []func(*world){write(t, "one"), logout}, djsession.ErrNotFound, gone},
		{"a write before, one after", true, []func(*world){write(t, "one"), write(t, "two")}, djsession.ErrConflict, "two"},
		{"writes all the time", true, []func(*world){write(t, "one"), write(t, "two"), write(t, "three"), write(t, "four")}, djsession.ErrConflict, "four"},
		{"writes, then a logout", true, []func(*world){write(t, "one"), write(t, "two"), logout}, djsession.ErrNotFound, gone},
		{"the same written again", true, []func(*world){write(t, "theirs")}, nil, "ours"},
		{"a link to elsewhere", true, []func(*world){link(t)}, djsession.ErrConflict, "a link"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, nil)
			v := w.create(t, "who", "theirs")
			do := test.do
			w.SetExchange(func(from, to string, real func(from, to string) error) error {
				if len(do) > 0 {
					do[0](w)
					do = do[1:]
				}
				return real(from, to)
			})
			if !test.seen {
				v = djsession.Force
			}
			_, err := w.Update(t.Context(), key, w.record(t, "who", "ours"), v)
			if test.err == nil && err != nil {
				t.Errorf("got error %v", err)
			} else if test.err != nil {
				wantKind(t, "Update", err, test.err)
			}
			if len(do) != 0 {
				t.Errorf("%d steps of Django were not reached", len(do))
			}
			wantNoDrafts(t, w.dir)
			switch test.want {
			case gone:
				if _, err := os.Lstat(w.path); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("the session is back (%v)", err)
				}
			case "a link":
				if fi, err := os.Lstat(w.path); err != nil || fi.Mode()&os.ModeSymlink == 0 {
					t.Errorf("got %v, %v, want the link", fi, err)
				}
			default:
				if got, want := w.raw(t), w.encode(t, "who", test.want); got != want {
					t.Errorf("got %q, want that of %q", got, test.want)
				}
			}
		})
	}
}

func logout(w *world) { _ = os.Remove(w.path) }

func write(t *testing.T, who string) func(*world) {
	return func(w *world) { w.django(t, w.encode(t, "who", who)) }
}

func link(t *testing.T) func(*world) {
	return func(w *world) {
		logout(w)
		if err := os.Symlink("/nowhere", w.path); err != nil {
			t.Error(err)
		}
	}
}

// A request that loaded the session before a logout does not bring it back,
// whichever of them is first.
func TestLogoutBeatsLateWrite(t *testing.T) {
	for _, plain := range []bool{false, true} {
		w := newWorld(t, nil)
		if plain {
			w.Plain()
		}
		v := w.create(t, "n", 1)
		if _, _, err := w.Load(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		logout(w)
		_, err := w.Update(t.Context(), key, w.record(t, "n", 2), v)
		wantKind(t, "Update", err, djsession.ErrNotFound)
		wantKind(t, "Touch", w.Touch(t.Context(), key, now, v), djsession.ErrNotFound)
		wantKind(t, "DeleteSeen", w.Delete(t.Context(), key, v), djsession.ErrNotFound)
		os.Remove(filepath.Join(w.dir, "djsession.lock")) // on Windows
		if entries, _ := os.ReadDir(w.dir); len(entries) != 0 {
			t.Errorf("got %d files, want none", len(entries))
		}
	}
}

// A lock of another process is waited for as long as the context lasts.
func TestWaitForLock(t *testing.T) {
	w := newWorld(t, nil)
	v := w.create(t, "n", 1)
	other := newStore(t, w.site, w.dir, &filestore.Options{NoSync: true})
	needExchange(t)
	// The other one holds the session: before it is exchanged what was there, and
	// then what it wrote, which it may still have to take back.
	allWait := func(seen djsession.Version) {
		for doing, do := range map[string]func(ctx context.Context) error{
			"Update": func(ctx context.Context) error {
				_, err := w.Update(ctx, key, w.record(t, "n", 2), seen)
				return err
			},
			"Touch":      func(ctx context.Context) error { return w.Touch(ctx, key, now, seen) },
			"Delete":     func(ctx context.Context) error { return w.Delete(ctx, key, djsession.Force) },
			"DeleteSeen": func(ctx context.Context) error { return w.Delete(ctx, key, seen) },
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			err := do(ctx)
			cancel()
			wantKind(t, doing, err, djsession.ErrUnavailable)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: got %v, want DeadlineExceeded", doing, err)
			}
		}
	}
	other.SetExchange(func(from, to string, real func(from, to string) error) error {
		allWait(v)
		err := real(from, to)
		allWait(djsession.VersionOf(w.encode(t, "n", 3)))
		return err
	})
	if _, err := other.Update(t.Context(), key, w.record(t, "n", 3), v); err != nil {
		t.Fatalf("Update: %v", err)
	}
	if got, want := w.raw(t), w.encode(t, "n", 3); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Fifty goroutines of two Stores set fifty keys of one session, and none is lost.
func TestNothingLost(t *testing.T) {
	w := newWorld(t, nil)
	other := newStore(t, w.site, w.dir, &filestore.Options{NoSync: true})
	w.create(t)
	var wg sync.WaitGroup
	for i := range 50 {
		s := w.Store
		if i%2 == 1 {
			s = other
		}
		wg.Go(func() {
			if err := add(s, w.site, fmt.Sprint("key", i)); err != nil {
				t.Errorf("goroutine %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	r, _, err := w.Load(t.Context(), key)
	if err != nil || r.Data.Len() != 50 {
		t.Errorf("got %v, %v, want 50 keys", r, err)
	}
	wantNoDrafts(t, w.dir)
}

// add sets one name of the session of key, as a request does.
func add(s *filestore.Store, site *djsession.Site, name string) error {
	ctx := context.Background()
	for {
		r, v, err := s.Load(ctx, key)
		if err != nil {
			return err
		}
		d := r.Data.With(name, 1)
		_, err = s.Update(ctx, key, &djsession.Record{Data: d, Expires: site.Now().Add(site.Settings().CookieAge)}, v)
		if !errors.Is(err, djsession.ErrConflict) {
			return err
		}
	}
}

const (
	processDir = "FILESTORE_TEST_PROCESS_DIR"
	processNum = "FILESTORE_TEST_PROCESS"
)

// TestProcesses is TestNothingLost with real processes: this one, four times.
func TestProcesses(t *testing.T) {
	const each = 25
	if dir := os.Getenv(processDir); dir != "" {
		site, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey("filestore-test")})
		if err != nil {
			t.Fatal(err)
		}
		s := newStore(t, site, dir, &filestore.Options{NoSync: true})
		n, _ := strconv.Atoi(os.Getenv(processNum))
		for i := range each {
			if err := add(s, site, fmt.Sprint("key", n*each+i)); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	w := newWorld(t, func(set *djsession.Settings) { set.Now = nil })
	w.create(t)
	var wg sync.WaitGroup
	for n := range 4 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestProcesses$")
		cmd.Env = append(os.Environ(), processDir+"="+w.dir, fmt.Sprintf("%s=%d", processNum, n))
		wg.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("process %d: %v\n%s", n, err, out)
			}
		})
	}
	wg.Wait()
	r, _, err := w.Load(t.Context(), key)
	if err != nil || r.Data.Len() != 4*each {
		t.Errorf("got %v, %v, want %d keys", r, err, 4*each)
	}
}
