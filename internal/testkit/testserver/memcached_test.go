package testserver

import (
	"net"
	"testing"
	"time"
)

func TestMemcached(t *testing.T) {
	s := Memcached(t)
	c, err := net.DialTimeout("tcp", s.Addr(), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("mn\r\n")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4)
	if _, err := c.Read(answer); err != nil || string(answer) != "MN\r\n" {
		t.Errorf("got %q (%v)", answer, err)
	}
}
