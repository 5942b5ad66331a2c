package faults_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/signer"
)

// broken is a store that does one thing wrong while broken is set.
type broken struct {
	djsession.Store
	t      *testing.T
	does   string // the column
	mu     sync.Mutex
	broken bool
	files  []*os.File

	running sync.WaitGroup // the loads and what they leave behind
}

func (b *broken) set(broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = broken
}

func (b *broken) now(column string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.broken && b.does == column
}

func (b *broken) Load(ctx context.Context, key string) (*djsession.Record, djsession.Version, error) {
	b.running.Add(1)
	defer b.running.Done()
	switch {
	case b.now(takenForAnonymous):
		return nil, djsession.Version{}, djsession.ErrNotFound
	case b.now(secretTold):
		return nil, djsession.Version{}, fmt.Errorf("load %s: %w", key, djsession.ErrUnavailable)
	case b.now(tooLate):
		for start := time.Now(); time.Since(start) < bound(saveTimeout, pulse.worst())+100*time.Millisecond; {
			time.Sleep(100 * time.Millisecond)
		}
	case b.now(goroutineLeft):
		b.running.Go(func() { <-b.t.Context().Done() })
	case b.now(descriptorLeft):
		f, err := os.Open(os.DevNull)
		if err != nil {
			b.t.Error(err)
		}
		b.files = append(b.files, f)
	}
	return b.Store.Load(ctx, key)
}

func (b *broken) Create(ctx context.Context, key string, r *djsession.Record) (djsession.Version, error) {
	if b.now(notStored) {
		return djsession.VersionOf("v"), nil
	}
	return b.Store.Create(ctx, key, r)
}

func (b *broken) Update(ctx context.Context, key string, r *djsession.Record, seen djsession.Version) (djsession.Version, error) {
	switch {
	case b.now(writeLost):
		return djsession.VersionOf("v"), nil
	case b.now(writeDoubled):
		r.Data = r.Data.With("n", int64(counted+2))
	}
	return b.Store.Update(ctx, key, r, seen)
}

func (b *broken) Delete(ctx context.Context, key string, seen djsession.Version) error {
	if b.now(logoutUndone) {
		return nil
	}
	return b.Store.Delete(ctx, key, seen)
}

func (b *broken) Cycle(ctx context.Context, old string, seen djsession.Version, key string, r *djsession.Record) (djsession.Version, error) {
	v, err := b.Store.Create(ctx, key, r)
	if err == nil {
		err = b.Store.Delete(ctx, old, seen)
	}
	if b.now(lostByCycle) {
		_ = b.Store.Delete(ctx, key, djsession.Force)
		err = djsession.ErrUnavailable
	}
	return v, err
}

// Each column counts what it is for, and a good store fills none.
func TestColumnsCount(t *testing.T) {
	for column, o := range map[string]operation{
		"": twoWriters, takenForAnonymous: read, notStored: begin, writeLost: write, writeDoubled: write, lostByCycle: cycle,
		logoutUndone: logout, secretTold: read, goroutineLeft: read, descriptorLeft: read, tooLate: read,
	} {
		t.Run(column, func(t *testing.T) {
			said := new(texts)
			of, err := djsession.NewSite(djsession.Settings{Keys: signer.SecretKey(secretKey), SaveTimeout: saveTimeout,
				Logger: slog.New(slog.NewJSONHandler(said, nil)), Observer: said.observe})
			if err != nil {
				t.Fatal(err)
			}
			store := &broken{Store: memstore.New(of), t: t, does: column}
			t.Cleanup(func() {
				store.running.Wait() // so that the next column does not count it
				for _, f := range store.files {
					f.Close()
				}
			})
			b := &bench{t: t, subject: &site{djsession.New(store), said, func() {}}, witness: store.Store,
				plant: func() { store.set(true) }, mend: func() bool { store.set(false); return true }}
			goroutines, descriptors := settled()
			if column == "" {
				b.all(1, func(int) {})
			} else {
				b.try(o, false)
			}
			b.finish()
			b.leaks(goroutines, descriptors, 500*time.Millisecond)
			var got []string
			for c := range b.counts {
				got = append(got, c)
			}
			if want := slices.DeleteFunc([]string{column}, func(c string) bool { return c == "" }); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q\n%q", got, want, b.found)
			}
		})
	}
}
