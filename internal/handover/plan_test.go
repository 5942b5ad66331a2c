package handover_test

import (
	"context"
	"errors"
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/internal/testkit/interleave"
	"github.com/go-djsession/go-djsession/internal/testkit/visit"
	"github.com/go-djsession/go-djsession/serializer"
)

// Two protocols that failed. The scheduler has to find that on the same engines.

// mark is a record of the failed protocol, with a word in it.
func mark(word string) *djsession.Record {
	return &djsession.Record{Data: serializer.NewDict(serializer.Item{Key: "plan", Value: word}), Expires: visit.Session().Expires}
}

// word returns the word of a record: "S" for a session, "" for none.
func word(r *djsession.Record, err error) string {
	if err != nil {
		return ""
	}
	if w, ok := r.Data.Get("plan"); ok {
		return w.(string)
	}
	return "S"
}

type engines struct{ old, next djsession.Store }

// createDelete was the protocol of package movingstore: create on the new engine, then
// delete from the old one.
func createDelete(ctx context.Context, e engines) string {
	if r, _, err := e.next.Load(ctx, key); err == nil {
		return found(r, err)
	}
	r, seen, err := e.old.Load(ctx, key)
	if err != nil {
		return "nobody"
	}
	if _, err := e.next.Create(ctx, key, r); err != nil {
		return "unavailable"
	}
	if err := e.old.Delete(ctx, key, seen); errors.Is(err, djsession.ErrNotFound) {
		_ = e.next.Delete(ctx, key, djsession.Force) // a logout found nothing there
	}
	return found(e.load(ctx))
}

func (e engines) load(ctx context.Context) (*djsession.Record, error) {
	r, _, err := e.next.Load(ctx, key)
	return r, err
}

// deleteBoth is the logout beside createDelete.
func deleteBoth(ctx context.Context, e engines) string {
	old := e.old.Delete(ctx, key, djsession.Force)
	next := e.next.Delete(ctx, key, djsession.Force)
	if old == nil || next == nil {
		return acknowledged
	}
	return "refused"
}

// claimCreateConfirm claims the session on the old engine, creates it on the new one, and
// deletes the claim.
func claimCreateConfirm(ctx context.Context, e engines) string {
	if r, _, err := e.next.Load(ctx, key); err == nil {
		return found(r, err)
	}
	r, seen, err := e.old.Load(ctx, key)
	if word(r, err) != "S" {
		return "nobody"
	}
	claimed, err := e.old.Update(ctx, key, mark("claim"), seen)
	if err != nil {
		return "unavailable"
	}
	_, _ = e.next.Create(ctx, key, r)
	if e.old.Delete(ctx, key, claimed) == nil {
		return loggedIn
	}
	if r, v, err := e.old.Load(ctx, key); word(r, err) == "dead" {
		_ = e.next.Delete(ctx, key, djsession.Force)
		_ = e.old.Delete(ctx, key, v)
		return "nobody"
	}
	return loggedIn
}

// markDead is the logout beside claimCreateConfirm.
func markDead(ctx context.Context, e engines) string {
	for range 3 {
		r, v, err := e.old.Load(ctx, key)
		switch word(r, err) {
		case "claim":
			_, err = e.old.Update(ctx, key, mark("dead"), v)
		case "S":
			err = e.old.Delete(ctx, key, v)
		default:
			if e.next.Delete(ctx, key, djsession.Force) != nil {
				return "refused"
			}
			return acknowledged
		}
		if err == nil {
			_ = e.next.Delete(ctx, key, djsession.Force)
			return acknowledged
		}
	}
	return "refused"
}

// cycles is a Go program that gives the session a new key, and Django's cycle_key.
func cycles(ctx context.Context, e engines) string {
	r, v, err := e.next.Load(ctx, key)
	if word(r, err) != "S" {
		return "refused"
	}
	_, _ = e.next.Create(ctx, cycledKey, r)
	if e.next.Delete(ctx, key, v) != nil {
		_ = e.next.Delete(ctx, cycledKey, djsession.Force)
		return "refused"
	}
	_ = e.old.Delete(ctx, key, djsession.Force)
	return "cycled"
}

// TestPlans shows that the scheduler finds what is wrong with "create, delete" and with
// "claim, create, confirm".
func TestPlans(t *testing.T) {
	type actor struct {
		name string
		do   func(context.Context, engines) string
	}
	tests := []struct {
		name   string
		actors []actor
		kill   bool
	}{
		{"create, delete: killed", []actor{{"move", createDelete}, {"logout", deleteBoth}}, true},
		{"create, delete: a key is cycled", []actor{{"move", createDelete}, {"logout", deleteBoth}, {"cycle", cycles}}, false},
		{"claim, create, confirm: killed", []actor{{"move", claimCreateConfirm}, {"logout", markDead}}, true},
		{"claim, create, confirm: a key is cycled", []actor{{"move", claimCreateConfirm}, {"logout", markDead}, {"cycle", cycles}}, false},
	}
	site := visit.NewSite(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &interleave.Model{Start: func(w *interleave.World) {
				old, next := memstore.New(site), memstore.New(site)
				if _, err := old.Create(context.Background(), key, visit.Session()); err != nil {
					t.Fatal(err)
				}
				w.Name(key, "k1")
				w.Name(cycledKey, "k2")
				parties := map[string]*interleave.Party{}
				for _, a := range tt.actors {
					parties[a.name] = w.Party(a.name, func(p *interleave.Party) string {
						return a.do(context.Background(), engines{interleave.Store(p, "old", old), interleave.Store(p, "new", next)})
					})
				}
				w.Judge(func() string {
					if parties["logout"].Outcome() != acknowledged {
						return ""
					}
					for _, k := range []string{key, cycledKey} {
						if r, _, err := next.Load(context.Background(), k); word(r, err) == "S" {
							return loginSurvives
						}
					}
					return ""
				})
			}}
			if tt.kill {
				m.Faults = func(s interleave.Step) interleave.Fault {
					if s.Party == "move" {
						return interleave.Kill
					}
					return 0
				}
			}
			if r := interleave.Explore(t, m); !r.Finished || !r.Has(loginSurvives) {
				t.Errorf("the scheduler does not find it: %v", r)
			} else {
				t.Log(r)
			}
		})
	}
}
