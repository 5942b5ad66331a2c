package movingstore

import "time"

// SetLease sets how long a claim is left alone, and how often others look at it meanwhile.
func (s *Store) SetLease(lease time.Duration, looks int) {
	s.mover.Lease = lease
	s.mover.Waits = make([]time.Duration, looks)
}
