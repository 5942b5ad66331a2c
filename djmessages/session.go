package djmessages

import (
	"fmt"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
)

// sessionKey is SessionStorage.session_key.
const sessionKey = "_messages"

// sessionList is the value of a session under sessionKey.
type sessionList struct {
	text string
	list []*entry
	odd  bool  // it is there, but is no text
	err  error // errCorrupt
}

// getter is a *djsession.Session or a *djsession.Tx.
type getter interface{ Get(name string) (any, bool) }

// sessionList is SessionStorage._get.
func (j messageJSON) sessionList(s getter) *sessionList {
	v, _ := s.Get(sessionKey)
	l := new(sessionList)
	if v == nil {
		return l
	}
	var ok bool
	if l.text, ok = serializer.Text(v); !ok {
		l.odd, l.err = true, fmt.Errorf("read the session's messages: %w: they are no text", errCorrupt)
		return l
	}
	if l.text != "" {
		var more bool
		l.list, more, l.err = j.readText(l.text)
		if l.err == nil && more {
			l.list, l.err = nil, errCorrupt // the mark is for cookies
		}
		if l.err != nil {
			l.err = fmt.Errorf("read the session's messages: %w", l.err)
		}
	}
	return l
}

// has reports whether a flush would have to remove anything.
func (l *sessionList) has() bool { return len(l.list) > 0 || l.err != nil }

// storeSession is SessionStorage._store.
//
// Unlike Django's, it keeps messages that somebody else put into the session since it was
// read: list replaces only those that this request read.
func (q *request) storeSession(list []*entry) error {
	s, err := q.f.m.Load(q.ctx)
	if err != nil {
		return err
	}
	if len(list) == 0 && !s.Has(sessionKey) {
		return nil
	}
	seen := q.seen
	return s.Update(func(tx *djsession.Tx) error {
		now := q.f.json.sessionList(tx)
		if seen == nil {
			seen = now // never looked at, and overwritten as in Django
		}
		out := list
		if now.text != seen.text || now.odd != seen.odd {
			out = merge(now.list, seen.list, list)
		}
		if len(out) == 0 {
			tx.Delete(sessionKey)
			return nil
		}
		return tx.Set(sessionKey, q.f.json.sessionText(out))
	})
}

// merge applies to now the change from seen to list. Of the messages in seen it keeps
// those that are also in list; it keeps all that are not in seen; and it appends those
// that list adds.
func merge(now, seen, list []*entry) []*entry {
	keep := make(map[*entry]bool, len(seen))
	bySame := make(map[same][]*entry, len(seen))
	for _, e := range seen {
		keep[e] = false
		bySame[e.same()] = append(bySame[e.same()], e)
	}
	var added []*entry
	for _, e := range list {
		if _, ok := keep[e]; ok {
			keep[e] = true
		} else {
			added = append(added, e)
		}
	}
	var out []*entry
	for _, e := range now {
		if twins := bySame[e.same()]; len(twins) > 0 {
			bySame[e.same()] = twins[1:]
			if !keep[twins[0]] {
				continue
			}
		}
		out = append(out, e)
	}
	return append(out, added...)
}
