package pickle

import (
	"syscall"
	"time"
)

// cpuTime is how long this thread has been at work: others that use the machine do not
// count.
func cpuTime() time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var used syscall.Rusage
	if err := syscall.Getrusage(thread, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
