package memstore

import (
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// Put stores text under key in place of what is there, as another process would. The text
// may be anything: a test can store a session that Django wrote, or one that does not
// decode.
func (s *Store) Put(key, text string, expires time.Time) {
	w := row{text: text, expires: exact(expires)}
	if len(text) > s.site.Limits().Payload {
		w.err = djsession.Corrupt("load session", djsession.ErrTooLarge)
	} else if data, err := s.site.Decode(text); err != nil {
		w.err = err
	} else {
		w.data = data
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	(*s.rows)[key] = w
}

// Text returns the stored text of key, expired or not; ok is false if there is none.
func (s *Store) Text(key string) (text string, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	w, ok := (*s.rows)[key]
	return w.text, ok
}

// Len returns the number of stored sessions, including the expired ones.
func (s *Store) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(*s.rows)
}

// Fail makes every operation fail with [djsession.ErrUnavailable] and cause, as if the
// server were down. Fail(nil) ends that.
func (s *Store) Fail(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = cause
}
