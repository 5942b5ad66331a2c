package interleave_test

import (
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/interleave"
)

// place is an engine's record of one key, as a word: "" is no record, "S" is the session
// with its login, and any other word is a note of a protocol.
type place struct {
	name   string
	record string
}

// as is the place for one party.
type as struct {
	p *interleave.Party
	*place
}

func (a as) read() (record string) {
	_ = a.p.Step(a.name, "read", func() (string, bool) {
		record = a.record
		return quote(record), false
	})
	return record
}

// swap replaces the record was with now, if it is there.
func (a as) swap(was, now string) (ok bool) {
	_ = a.p.Step(a.name, quote(was)+" to "+quote(now), func() (string, bool) {
		if ok = a.record == was; ok {
			a.record = now
		}
		return yes(ok), ok
	})
	return ok
}

// update replaces any record, as Django's UPDATE does.
func (a as) update(now string) (ok bool) {
	_ = a.p.Step(a.name, "update to "+quote(now), func() (string, bool) {
		if ok = a.record != ""; ok {
			a.record = now
		}
		return yes(ok), ok
	})
	return ok
}

// remove deletes and returns the record.
func (a as) remove() (was string) {
	_ = a.p.Step(a.name, "delete", func() (string, bool) {
		was, a.record = a.record, ""
		return quote(was), was != ""
	})
	return was
}

func quote(record string) string {
	if record == "" {
		return "nothing"
	}
	return record
}

func yes(ok bool) string {
	if ok {
		return "done"
	}
	return "it is another"
}

// moved is a site between two engines: the records in old and new, and the new engine's
// record of the key to which a party cycles.
type moved struct{ old, new, cycled *place }

func newMoved() moved {
	return moved{&place{"old", "S"}, &place{"new", ""}, &place{"new k2", ""}}
}

// party adds a party that uses all three places.
func (m moved) party(w *interleave.World, name string, do func(old, new, cycled as) string) *interleave.Party {
	return w.Party(name, func(p *interleave.Party) string { return do(as{p, m.old}, as{p, m.new}, as{p, m.cycled}) })
}

const survives = "a logout was acknowledged, and the login lives on"

// judge reports a login that survives an acknowledged logout.
func (m moved) judge(logouts ...*interleave.Party) func() string {
	return func() string {
		for _, p := range logouts {
			if p.Outcome() == "acknowledged" && (m.new.record == "S" || m.cycled.record != "") {
				return survives
			}
		}
		return ""
	}
}

// claim, create, confirm: a plan for moving a session that failed.

func planMove(id string) func(old, new, cycled as) string {
	claim := "claim" + id
	return func(old, new, _ as) string {
		if new.read() != "" {
			return "in"
		}
		if old.read() != "S" || !old.swap("S", claim) {
			return "anonymous"
		}
		new.swap("", "S")
		if old.swap(claim, "") {
			return "in"
		}
		if o := old.read(); strings.HasPrefix(o, "dead") {
			new.remove()
			old.swap(o, "")
			return "anonymous"
		}
		return "in"
	}
}

func planLogout(old, new, _ as) string {
	for range 3 {
		o := old.read()
		if id, claimed := strings.CutPrefix(o, "claim"); claimed {
			if !old.swap(o, "dead"+id) {
				continue
			}
			new.remove()
			return "acknowledged"
		}
		if o == "S" {
			if !old.swap("S", "") {
				continue
			}
			new.remove()
			return "acknowledged"
		}
		if new.remove() == "S" {
			return "acknowledged"
		}
		return "refused"
	}
	return "refused"
}

func planCycle(old, new, cycled as) string {
	if new.read() != "S" {
		return "refused"
	}
	o := old.read()
	cycled.swap("", "S")
	if strings.HasPrefix(o, "claim") && !old.swap(o, "") {
		o = old.read()
	}
	if strings.HasPrefix(o, "dead") || !new.swap("S", "") {
		cycled.remove()
		return "refused"
	}
	return "cycled"
}

// claim, reserve, commit, fill, forget: a plan that holds.

func move(id string) func(old, new, cycled as) string {
	claim, committed, reserved := "claim"+id, "committed"+id, "reserved"+id
	return func(old, new, _ as) string {
		for range 3 {
			n := new.read()
			if n == "S" {
				return "in"
			}
			o := old.read()
			if o == "S" && n == "" {
				if !old.swap("S", claim) {
					continue
				}
				if !new.swap("", reserved) {
					return "unavailable"
				}
				if !old.swap(claim, committed) && old.read() != committed {
					new.swap(reserved, "")
					continue
				}
				ok := new.swap(reserved, "S")
				old.swap(committed, "")
				if ok {
					return "in"
				}
				return "anonymous"
			}
			if whose, ok := strings.CutPrefix(o, "committed"); ok {
				switch n = new.read(); n {
				case "reserved" + whose:
					if new.swap(n, "S") {
						old.swap(o, "")
						return "in"
					}
					continue
				case "S":
					return "in"
				}
				old.swap(o, "")
				return "anonymous"
			}
			if whose, ok := strings.CutPrefix(o, "claim"); ok {
				if n != "reserved"+whose {
					return "unavailable"
				}
				old.swap(o, "committed"+whose) // help the other party
				continue
			}
			if o == "" {
				if n != "" {
					new.swap(n, "")
				} else if new.read() == "S" {
					return "in"
				}
				return "anonymous"
			}
		}
		return "unavailable"
	}
}

func logout(old, new, _ as) string {
	for range 4 {
		o := old.read()
		if o == "S" || strings.HasPrefix(o, "claim") {
			if !old.swap(o, "") {
				continue
			}
			new.remove()
			return "acknowledged"
		}
		n := new.remove()
		if o != "" {
			old.swap(o, "")
		}
		if n == "S" || n != "" && o != "" { // the reservation of a committed move
			return "acknowledged"
		}
		return "refused"
	}
	return "refused"
}

func cycle(_, new, cycled as) string {
	if new.read() != "S" {
		return "refused"
	}
	cycled.swap("", "S")
	if !new.swap("S", "") {
		cycled.remove()
		return "refused"
	}
	return "cycled"
}

// The operations of a Django on the new engine.

func djangoLogout(_, new, _ as) string {
	if new.read() != "S" {
		return "refused"
	}
	new.remove()
	return "acknowledged"
}

// oldLogout is the logout of a Django that knows only the old engine.
func oldLogout(old, _, _ as) string {
	if old.read() == "" {
		return "refused"
	}
	old.remove()
	return "acknowledged"
}

func djangoSave(_, new, _ as) string {
	n := new.read()
	if n == "" || !new.update(n) {
		return "refused"
	}
	return "saved"
}

func djangoCycle(_, new, cycled as) string {
	if new.read() != "S" {
		return "refused"
	}
	cycled.swap("", "S")
	new.remove()
	return "cycled"
}

// TestMoving shows that the scheduler distinguishes the two protocols.
func TestMoving(t *testing.T) {
	type actor struct {
		name string
		do   func(old, new, cycled as) string
	}
	tests := []struct {
		name   string
		actors []actor
		kill   bool
		bad    bool
	}{
		{"plan, move and logout, the move is killed", []actor{{"move", planMove("1")}, {"logout", planLogout}}, true, true},
		{"plan, move, logout and cycle", []actor{{"move", planMove("1")}, {"logout", planLogout}, {"cycle", planCycle}}, false, false},
		{"plan, two moves and logout", []actor{{"move", planMove("1")}, {"move 2", planMove("2")}, {"logout", planLogout}}, false, false},
		{"plan, move, logout and Django's cycle", []actor{{"move", planMove("1")}, {"logout", planLogout}, {"cycle", djangoCycle}}, false, true},
		{"plan, move and a logout on the old engine alone", []actor{{"move", planMove("1")}, {"logout", oldLogout}}, false, true},
		{"move and logout", []actor{{"move", move("1")}, {"logout", logout}}, true, false},
		{"move, logout and cycle", []actor{{"move", move("1")}, {"logout", logout}, {"cycle", cycle}}, true, false},
		{"two moves and logout", []actor{{"move", move("1")}, {"move 2", move("2")}, {"logout", logout}}, false, false},
		{"move, Django's logout and save", []actor{{"move", move("1")}, {"logout", djangoLogout}, {"save", djangoSave}}, true, false},
		{"move, logout and Django's save", []actor{{"move", move("1")}, {"logout", logout}, {"save", djangoSave}}, true, false},
		{"move and a logout on the old engine alone", []actor{{"move", move("1")}, {"logout", oldLogout}}, false, true}, // no protocol can order these
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &interleave.Model{Start: func(w *interleave.World) {
				s := newMoved()
				var logouts []*interleave.Party
				for _, a := range tt.actors {
					if p := s.party(w, a.name, a.do); a.name == "logout" {
						logouts = append(logouts, p)
					}
				}
				w.Judge(s.judge(logouts...))
			}}
			if tt.kill {
				m.Faults = func(s interleave.Step) interleave.Fault {
					if strings.HasPrefix(s.Party, "move") {
						return interleave.Kill
					}
					return 0
				}
			}
			r := interleave.Explore(t, m)
			t.Log(r)
			if !r.Finished || r.Has(survives) != tt.bad {
				t.Errorf("an acknowledged logout that is none: %v, want %v", r.Has(survives), tt.bad)
			}
		})
	}
}

// key is a session's old key, and the new one after a cycle. The record under the old key
// may name its successor, "T".
type key struct{ old, new *place }

// TestSuccessor shows why a cycle leaves no successor record: a late save in Django
// replaces it with the session.
func TestSuccessor(t *testing.T) {
	cycle := func(leave string) func(old, new as) string {
		return func(old, new as) string {
			if old.read() != "S" {
				return "refused"
			}
			new.swap("", "S")
			if !old.swap("S", leave) {
				new.remove()
				return "refused"
			}
			return "cycled"
		}
	}
	flush := func(follow bool) func(old, new as) string {
		return func(old, new as) string {
			if old.read() != "S" {
				return "refused"
			}
			was := old.remove()
			if was == "T" && follow {
				new.remove()
			}
			if was == "" {
				return "refused"
			}
			return "acknowledged"
		}
	}
	save := func(old, _ as) string {
		was := old.read()
		if was == "" || !old.update(was) {
			return "refused"
		}
		return "saved"
	}
	const revived = "the old key is logged in after an acknowledged cycle"
	tests := []struct {
		name         string
		leave        string // the record that a cycle leaves under the old key
		flush, save  bool
		bad, revived bool
	}{
		{name: "successor, cycle and logout", leave: "T", flush: true},
		{name: "cycle and logout", flush: true},
		{name: "successor, cycle, logout and Django's save", leave: "T", flush: true, save: true, bad: true, revived: true},
		{name: "cycle, logout and Django's save", flush: true, save: true},
		{name: "successor, cycle and Django's save", leave: "T", save: true, revived: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := interleave.Explore(t, &interleave.Model{Start: func(w *interleave.World) {
				k := key{&place{"k1", "S"}, &place{"k2", ""}}
				party := func(name string, do func(old, new as) string) *interleave.Party {
					return w.Party(name, func(p *interleave.Party) string { return do(as{p, k.old}, as{p, k.new}) })
				}
				cycled := party("cycle", cycle(tt.leave))
				var logout *interleave.Party
				if tt.flush {
					logout = party("logout", flush(tt.leave == "T"))
				}
				if tt.save {
					party("Django's save", save)
				}
				w.Judge(func() string {
					switch {
					case logout != nil && logout.Outcome() == "acknowledged" && (k.old.record == "S" || k.new.record == "S"):
						return survives
					case cycled.Outcome() == "cycled" && k.old.record == "S":
						return revived
					}
					return ""
				})
			}})
			t.Log(r)
			if !r.Finished || r.Has(survives) != tt.bad || r.Has(revived) != tt.revived {
				t.Errorf("logout that is none %v, old key revived %v; want %v, %v", r.Has(survives), r.Has(revived), tt.bad, tt.revived)
			}
		})
	}
}
