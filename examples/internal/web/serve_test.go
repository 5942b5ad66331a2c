//go:build unix

package web

import (
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// TestServe: a request that runs when a signal comes is completed, and Serve ends without an
// error. No new connection is taken then.
func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	running, release := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(addr, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(running)
			<-release
			_, _ = io.WriteString(w, "done")
		}))
	}()
	answer := make(chan string, 1)
	go func() {
		for range 100 {
			resp, err := http.Get("http://" + addr + "/")
			if err != nil { // it does not listen yet
				time.Sleep(50 * time.Millisecond)
				continue
			}
			text, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				text = []byte(err.Error())
			}
			answer <- string(text)
			return
		}
		answer <- "no server"
	}()
	select {
	case <-running:
	case text := <-answer:
		t.Fatal(text)
	}
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for range 100 { // until nobody listens any more
		c, err := net.Dial("tcp", addr)
		if err != nil {
			break
		}
		c.Close()
		time.Sleep(20 * time.Millisecond)
	}
	close(release)
	if text := <-answer; text != "done" {
		t.Errorf("got %q, want the whole answer", text)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve: got %v", err)
	}
}
