//go:build !linux

package pickle

import "time"

var begin = time.Now()

// cpuTime is the time of the wall, where nobody tells how much of it was ours.
func cpuTime() time.Duration { return time.Since(begin) }
