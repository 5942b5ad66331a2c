package console

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress shows a command's progress on a terminal: call set to update it, and done to
// remove it. A total of 0 means unknown. Without a terminal, or on one that cannot move its
// cursor (TERM=dumb), it shows nothing.
func (c *Console) Progress(doing string, total int64) (set func(int64), done func()) {
	if !c.Terminal(c.Bar) || c.Env("TERM") == "dumb" {
		return func(int64) {}, func() {}
	}
	// done can only remove what is on one line.
	width := Width(c.Bar)
	narrow := 0 < width && width < 60
	opts := []progressbar.Option{
		progressbar.OptionSetWriter(c.Bar), progressbar.OptionSetDescription(doing),
		progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetRenderBlankState(true), progressbar.OptionThrottle(50 * time.Millisecond),
	}
	if !narrow || total == 0 {
		opts = append(opts, progressbar.OptionShowCount())
	}
	if narrow {
		opts = append(opts, progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false))
	}
	if total == 0 {
		if !narrow {
			opts = append(opts, progressbar.OptionShowIts(), progressbar.OptionSetItsString("sessions"))
		}
		total = -1
	}
	b := progressbar.NewOptions64(total, opts...)
	return func(n int64) { _ = b.Set64(n) }, func() { _ = b.Finish() }
}
