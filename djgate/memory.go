package djgate

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/httpcookie"
)

// maxRemembered is how many logins a memory holds.
const maxRemembered = 10_000

// memory remembers who a session key belongs to. A nil memory remembers nobody.
type memory struct {
	stale time.Duration
	mu    sync.Mutex
	all   map[[sha256.Size]byte]remembered
}

type remembered struct {
	id    *djauth.Identity
	until time.Time
}

func newMemory(stale time.Duration) *memory {
	return &memory{stale: stale, all: make(map[[sha256.Size]byte]remembered)}
}

// key returns the name under which the login of r is remembered.
func (m *memory) key(r *http.Request, set djsession.Settings) (key [sha256.Size]byte) {
	if m == nil {
		return key
	}
	text, n := httpcookie.Find(r.Header, set.CookieName)
	if set.KeyHeader != "" {
		if all := r.Header[http.CanonicalHeaderKey(set.KeyHeader)]; len(all) > 0 {
			text, n = strings.Join(all, ","), 1
		}
	}
	if n == 0 {
		return key
	}
	return sha256.Sum256([]byte(text))
}

func (m *memory) get(key [sha256.Size]byte) *djauth.Identity {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.all[key]; ok && time.Now().Before(r.until) {
		return r.id
	}
	return nil
}

// put remembers a logged-in user. The time begins before the session was read.
func (m *memory) put(key [sha256.Size]byte, id *djauth.Identity, read time.Time) {
	if m == nil || key == ([sha256.Size]byte{}) || !id.IsAuthenticated() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if len(m.all) >= maxRemembered {
		for k, r := range m.all {
			if !now.Before(r.until) || len(m.all) >= maxRemembered {
				delete(m.all, k)
			}
		}
	}
	m.all[key] = remembered{id, read.Add(m.stale)}
}
