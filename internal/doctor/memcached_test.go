package doctor

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

const sought = "abcdefghijklmnopqrstuvwxyz012345"

// A memcached lists its keys for one client at a time; the others get "busy". Even with
// many items, all clients that list at once must find the key.
func TestDumpsAtOnce(t *testing.T) {
	server := testserver.Memcached(t)
	addr, err := net.ResolveTCPAddr("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	w := bufio.NewWriter(c)
	const items = 50_000
	for i := range items {
		fmt.Fprintf(w, "set dump:%d 0 0 1 noreply\r\nx\r\n", i)
	}
	fmt.Fprintf(w, "set site:1:%s 0 0 1\r\nx\r\n", sought)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "STORED\r\n" {
		t.Fatalf("set: got %q, %v", line, err)
	}
	for range 5 {
		var group sync.WaitGroup
		for _, key := range []string{sought, sought, "nobody-has-this-session-key"} {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				for {
					head, ok, err := dumpFor(ctx, addr, key)
					switch {
					case err == errBusy: // a slow machine: this retries for longer than doctor
						continue
					case err != nil:
						t.Errorf("got the error %v", err)
					case ok != (key == sought) || ok && head != "site:1:":
						t.Errorf("got %q, %t for a key that is there: %t", head, ok, key == sought)
					}
					return
				}
			})
		}
		group.Wait()
	}
}

// A list omits an item that is being sent.
func TestDumpPassesOver(t *testing.T) {
	server := testserver.Memcached(t)
	addr, err := net.ResolveTCPAddr("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	name := "site:1:" + sought
	fmt.Fprintf(c, "set %s 0 0 1000000\r\n%s\r\n", name, strings.Repeat("x", 1_000_000))
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "STORED\r\n" {
		t.Fatalf("set: got %q, %v", line, err)
	}
	// More than the connection's buffers hold, and nobody reads it.
	if _, err := fmt.Fprintf(c, "get%s\r\n", strings.Repeat(" "+name, 50)); err != nil {
		t.Fatal(err)
	}
	passed := false
	for range 100 {
		if _, ok, err := dumpOnce(t.Context(), addr, sought); err == nil && !ok {
			passed = true
			break
		}
		time.Sleep(time.Millisecond)
	}
	if !passed {
		t.Log("this memcached lists an item that is being sent")
	}
	time.AfterFunc(20*time.Millisecond, func() { c.Close() })
	if head, ok, err := dumpFor(t.Context(), addr, sought); head != "site:1:" || !ok || err != nil {
		t.Errorf("got %q, %t, %v for a key that is there", head, ok, err)
	}
}

// fakeMemcached has no items. It answers each listing with the next of dumps, and repeats
// the last one. A text without an end ends the connection; for "silence" it does not
// answer.
func fakeMemcached(t *testing.T, dumps ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var mu sync.Mutex
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for lines := bufio.NewScanner(c); lines.Scan(); {
					switch command, _, _ := strings.Cut(lines.Text(), " "); command {
					case "version":
						fmt.Fprint(c, "VERSION 1.6.0\r\n")
						continue
					case "get", "gets":
						fmt.Fprint(c, "END\r\n")
						continue
					}
					mu.Lock()
					text := dumps[0]
					if len(dumps) > 1 {
						dumps = dumps[1:]
					}
					mu.Unlock()
					if text == "silence" {
						continue
					}
					fmt.Fprint(c, text)
					if !strings.HasSuffix(text, "\r\n") {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// Only END ends a list of keys. Any other end must not count as "not found".
func TestMemcachedListsOddly(t *testing.T) {
	const (
		end  = "END\r\n"
		busy = "BUSY currently processing crawler request\r\n"
		item = "key=other exp=-1 la=1 cas=1 fetch=no cls=1 size=63\n"
	)
	here := "key=site%3A1%3Adjango.contrib.sessions.cache" + sought + " exp=-1 la=1 cas=1 fetch=no cls=1 size=63\n"
	for name, tt := range map[string]struct {
		dumps []string
		want  string
		text  string
	}{
		"the end":                       {[]string{end}, SessionNotFound, ""},
		"items and the end":             {[]string{item + item + end}, SessionNotFound, ""},
		"busy, and then the end":        {[]string{busy, busy, end}, SessionNotFound, ""},
		"busy, and then found":          {[]string{busy, item + here + end}, CachePrefix, ""},
		"found, and then cut":           {[]string{item + here}, CachePrefix, ""},
		"busy for ever":                 {[]string{busy}, NotSearched, "for somebody else"},
		"cut at once":                   {[]string{""}, NotSearched, "before the end"},
		"cut between two":               {[]string{item + item}, NotSearched, "before the end"},
		"cut within one":                {[]string{item + "key=oth"}, NotSearched, "before the end"},
		"ERROR":                         {[]string{"ERROR\r\n"}, NotSearched, "does not list"},
		"ERROR with words":              {[]string{"ERROR lru crawler disabled\r\n"}, NotSearched, "does not list"},
		"CLIENT_ERROR":                  {[]string{"CLIENT_ERROR lru crawler disabled\r\n"}, NotSearched, "does not list"},
		"SERVER_ERROR behind an item":   {[]string{item + "SERVER_ERROR out of memory\r\n"}, NotSearched, "does not list"},
		"NOSPARE, which an old one had": {[]string{"NOSPARE\r\n"}, NotSearched, "does not list"},
		"an empty line":                 {[]string{item + "\r\n" + end}, NotSearched, "does not list"},
		"another end":                   {[]string{"EN\r\n"}, NotSearched, "does not list"},
		"a line without an end":         {[]string{strings.Repeat("k", 1<<16) + "\r\n"}, NotSearched, ""},
		"silence":                       {[]string{"silence"}, NotSearched, "in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, err := djsettings.Read(strings.NewReader(`SECRET_KEY = 'doctor-secret-key-0123456789-0123456789'
INSTALLED_APPS = ['django.contrib.sessions']
MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware']
SESSION_ENGINE = 'django.contrib.sessions.backends.cache'
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '`+fakeMemcached(t, tt.dumps...)+`', 'KEY_PREFIX': 'web'}}
`), &djsettings.Options{Django: "5.2"})
			if err != nil {
				t.Fatal(err)
			}
			report, err := Examine(t.Context(), set, &Options{Cookie: "Cookie: sessionid=" + sought, Timeout: 4 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			found := report.Findings
			var got []string
			for _, f := range found {
				got = append(got, f.ID)
				if f.ID == tt.want && !strings.Contains(f.Text, tt.text) {
					t.Errorf("it says %q, want %q in it", f.Text, tt.text)
				}
				if strings.Contains(f.Text, sought) {
					t.Errorf("there is a session key in %q", f.Text)
				}
			}
			if !strings.Contains(strings.Join(got, " "), tt.want) || tt.want == NotSearched && strings.Contains(strings.Join(got, " "), SessionNotFound) {
				t.Errorf("got %q, want %s", got, tt.want)
			}
		})
	}
}
