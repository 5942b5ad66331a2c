package doctor

import (
	"bufio"
	"context"
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

// dumpLines is how many keys of a memcached are looked at.
const dumpLines = 200_000

// searchMemcached asks each of the servers by itself: for the key that the settings
// lead to, and else among all its keys for one that ends in the session's.
func (e *exam) searchMemcached(ctx context.Context, set *djsettings.Cache, key string) []hit {
	servers, err := memcached.Modula(locations(set)...)
	if err != nil {
		return nil
	}
	var addrs []net.Addr
	_ = servers.Each(func(a net.Addr) error {
		addrs = append(addrs, a)
		return nil
	})
	head := set.KeyPrefix + ":" + strconv.Itoa(set.Version) + ":" + e.enginePrefix()
	if set.KeyFunction == "" && len(addrs) > 1 {
		for _, a := range addrs {
			if hasItem(ctx, a, head+key) {
				return []hit{{head: head, db: -1, server: a.String()}}
			}
		}
	}
	for _, a := range addrs {
		if head, ok := dumpFor(ctx, a, key); ok {
			return []hit{{head: head, db: -1}}
		}
	}
	return nil
}

// dialMemcached connects for as long as the context lasts.
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

// hasItem asks one memcached for one key, and takes its word before the value.
func hasItem(ctx context.Context, a net.Addr, key string) bool {
	if len(key) > 250 || strings.ContainsAny(key, " \r\n\t\x00") {
		return false
	}
	c, err := dialMemcached(ctx, a)
	if err != nil {
		return false
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "get %s\r\n", key); err != nil {
		return false
	}
	line, err := bufio.NewReader(io.LimitReader(c, 512)).ReadString('\n')
	return err == nil && strings.HasPrefix(line, "VALUE ")
}

// dumpFor walks over the keys of one memcached, which 1.4.31 and later tell.
func dumpFor(ctx context.Context, a net.Addr, key string) (head string, ok bool) {
	c, err := dialMemcached(ctx, a)
	if err != nil {
		return "", false
	}
	defer c.Close()
	if _, err := io.WriteString(c, "lru_crawler metadump all\r\n"); err != nil {
		return "", false
	}
	lines := bufio.NewScanner(c)
	for n := 0; n < dumpLines && lines.Scan(); n++ {
		rest, isItem := strings.CutPrefix(lines.Text(), "key=")
		if !isItem {
			break // END, or an error
		}
		name, _, _ := strings.Cut(rest, " ")
		if name, err := url.PathUnescape(name); err == nil {
			if head, ok := strings.CutSuffix(name, key); ok {
				return head, true
			}
		}
	}
	return "", false
}
