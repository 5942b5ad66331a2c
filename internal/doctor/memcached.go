package doctor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djcache/memcached"
	"github.com/go-djsession/go-djsession/djsettings"
)

// dumpLines is the most keys of a memcached to look at.
const dumpLines = 200_000

// searchMemcached asks each server separately: first for the key of the settings, then for
// any key that ends in the session key.
func (e *exam) searchMemcached(ctx context.Context, set *djsettings.Cache, key string) []hit {
	servers, err := memcached.Modula(locations(set)...)
	if err != nil {
		e.unseen(fmt.Sprintf("CACHES[%q]", set.Alias), err)
		return nil
	}
	var addrs []net.Addr
	_ = servers.Each(func(a net.Addr) error {
		addrs = append(addrs, a)
		return nil
	})
	head := set.KeyPrefix + ":" + strconv.Itoa(set.Version) + ":" + e.enginePrefix()
	place := func(a net.Addr) string { return "the memcached at " + a.String() }
	if set.KeyFunction == "" && len(addrs) > 1 {
		for _, a := range addrs {
			has, err := hasItem(ctx, a, head+key)
			if err != nil {
				e.unseen(place(a), err)
			}
			if has {
				return []hit{{head: head, db: -1, server: a.String()}}
			}
		}
	}
	for _, a := range addrs {
		head, ok, err := dumpFor(ctx, a, key)
		if err != nil {
			e.unseen(place(a), err)
		}
		if ok {
			return []hit{{head: head, db: -1}}
		}
	}
	return nil
}

// dialMemcached connects, with the deadline of ctx.
func dialMemcached(ctx context.Context, a net.Addr) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, a.Network(), a.String())
	if err != nil {
		return nil, err
	}
	if until, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(until)
	} else {
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	}
	return c, nil
}

// hasItem asks one memcached for one key. It does not read the value.
func hasItem(ctx context.Context, a net.Addr, key string) (bool, error) {
	if len(key) > 250 || strings.ContainsAny(key, " \r\n\t\x00") {
		return false, nil
	}
	c, err := dialMemcached(ctx, a)
	if err != nil {
		return false, err
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "get %s\r\n", key); err != nil {
		return false, err
	}
	line, err := bufio.NewReader(io.LimitReader(c, 512)).ReadString('\n')
	switch {
	case err != nil:
		return false, err
	case strings.HasPrefix(line, "VALUE "):
		return true, nil
	case strings.TrimSpace(line) == "END":
		return false, nil
	}
	return false, errAnswer
}

// busyFor is how long to retry a memcached that lists its keys for another client. It
// serves one client at a time, and continues for a while after that client has gone.
const busyFor = 2 * time.Second

// dumpsForNothing is how many lists without the key prove that it is not there. A list
// omits items in use: an item whose bucket another thread has locked, or whose value is
// being sent.
const dumpsForNothing = 3

// dumpFor looks for a session key among all keys of one memcached, which 1.4.31 and later
// list. It returns an error if it does not reach the end of the list.
func dumpFor(ctx context.Context, a net.Addr, key string) (head string, ok bool, err error) {
	began, pause := time.Now(), 50*time.Millisecond
	for complete := 0; ; pause = min(2*pause, 200*time.Millisecond) {
		head, ok, err = dumpOnce(ctx, a, key)
		switch {
		case errors.Is(err, errBusy) && time.Since(began) <= busyFor:
		case ok || err != nil:
			return head, ok, err
		default:
			if complete++; complete == dumpsForNothing {
				return "", false, nil
			}
		}
		select {
		case <-ctx.Done():
			return "", false, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// dumpOnce is dumpFor with one list.
func dumpOnce(ctx context.Context, a net.Addr, key string) (head string, ok bool, err error) {
	c, err := dialMemcached(ctx, a)
	if err != nil {
		return "", false, err
	}
	defer c.Close()
	if _, err := io.WriteString(c, "lru_crawler metadump all\r\n"); err != nil {
		return "", false, err
	}
	lines := bufio.NewReaderSize(c, 4096)
	for range dumpLines {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return "", false, err // io.EOF too: a complete list ends with a line of its own
		}
		text := strings.TrimRight(string(line), "\r\n")
		rest, isItem := strings.CutPrefix(text, "key=")
		switch {
		case isItem:
		case text == "END":
			return "", false, nil
		case strings.HasPrefix(text, "BUSY"):
			return "", false, errBusy
		default:
			return "", false, errAnswer
		}
		name, _, _ := strings.Cut(rest, " ")
		if name, err := url.PathUnescape(name); err == nil {
			if head, ok := strings.CutSuffix(name, key); ok {
				return head, true, nil
			}
		}
	}
	return "", false, errMore
}
