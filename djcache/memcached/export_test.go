package memcached

import (
	"time"

	"github.com/go-djsession/go-djsession/djsession"
)

// Expiration is what is sent for a moment.
func Expiration(site *djsession.Site, expires time.Time) int32 {
	return New(site, nil, nil).expiration(expires)
}
