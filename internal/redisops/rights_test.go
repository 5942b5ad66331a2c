package redisops

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/redisops/redistest"
)

// django are the rights that Django's cache needs.
const django = "+get +set +setex +psetex +del +exists +expire +pexpire +ttl +pttl +ping +select +persist"

// powersOf are users and proxies that lack something.
var powersOf = []struct {
	name   string
	rights string // of a user; "" for all
	lacks  string // commands that a proxy does not pass on
	cuts   bool   // the proxy ends the connection in place of an answer
	want   power  // is found to be lacking
	says   []string
}{
	{"all rights", "+@all", "", false, 0, nil},
	{"no scripts", "+@all -@scripting", "", false, eval, []string{"new key in two steps"}},
	{"scripts only", django + " +getrange +strlen +eval +evalsha", "", false, 0, nil},
	{"Django's rights and transactions", django + " +watch +unwatch +multi +exec +discard", "", false, getRange | strLen | eval, []string{"any size", "new key in two steps"}},
	{"Django's rights and STRLEN", django + " +strlen +watch +unwatch +multi +exec", "", false, getRange | eval, []string{"new key in two steps"}},
	{"Django's rights", django, "", false, getRange | strLen | eval | watch, []string{"any size", "lost"}},
	{"without PTTL", "+@all -pttl", "", false, pTTL, []string{"PTTL"}},
	{"a proxy without WATCH", "", "watch multi exec unwatch hello role info", false, 0, nil},
	{"a proxy without EVAL", "", "eval evalsha hello", false, eval, []string{"new key in two steps"}},
	{"a proxy with neither", "", "eval evalsha watch multi exec unwatch hello", false, eval | watch, []string{"lost"}},
	{"a proxy that cuts off", "", "eval evalsha", true, eval, []string{"new key in two steps"}},
}

// Whatever a server, its user or a proxy lacks, each operation does what it says, by
// another way. What cannot be promised then is said.
func TestPowers(t *testing.T) {
	rig := redistest.Single(t)
	addr := rig.Other.(*redis.Client).Options().Addr
	own := ifEqOf(t, rig)
	for _, test := range powersOf {
		t.Run(test.name, func(t *testing.T) {
			ctx := t.Context()
			rig.Flush(t)
			opts := &redis.Options{Addr: addr}
			if test.rights != "" {
				args := []any{"acl", "setuser", "web", "reset", "on", ">webpw", "~*", "&*", "-@all"}
				for r := range strings.FieldsSeq(test.rights) {
					args = append(args, r)
				}
				if err := rig.Other.Do(ctx, args...).Err(); err != nil {
					t.Fatal(err)
				}
				opts.Username, opts.Password = "web", "webpw"
			} else {
				opts.Addr = filter(t, addr, strings.Fields(test.lacks), test.cuts)
			}
			client := redis.NewClient(ClientOptions(opts))
			defer client.Close()
			o := New(newSite(t), client, Options{Unguarded: true})
			says, err := o.Probe(ctx, doing, "probe")
			if err != nil {
				t.Fatal(err)
			}
			if got := power(o.lacking.Load()) &^ ifEq; got&^(strLen|watch) != test.want&^(strLen|watch) {
				t.Errorf("lacking: got %v, want %v", got, test.want)
			}
			if own && slices.Contains(test.says, "lost") {
				test.says[len(test.says)-1] = "new key in two steps" // SET with IFEQ does the rest
			}
			if len(says) != len(test.says) {
				t.Errorf("it says %q, want %d sentences", says, len(test.says))
			}
			for i := range min(len(says), len(test.says)) {
				if !strings.Contains(says[i], test.says[i]) {
					t.Errorf("it says %q, want %q", says[i], test.says[i])
				}
			}
			every(t, o, rig)
			if !o.lacks(ifEq) || !o.lacks(eval) || !o.lacks(watch) {
				counted(t, o, rig)
			}
		})
	}
}

// ifEqOf reports whether the server has SET with IFEQ.
func ifEqOf(t *testing.T, rig *redistest.Rig) bool {
	err := rig.Other.Do(t.Context(), "set", "k", "v", "ifeq", "w", "px", 1000).Err()
	return errors.Is(err, redis.Nil)
}

// every does each operation on what is there, what is absent and what is another.
func every(t *testing.T, o *Ops, rig *redistest.Rig) {
	t.Helper()
	ctx := t.Context()
	later := now.Add(time.Hour)
	one, other := djsession.VersionOf("one"), djsession.VersionOf("other")
	get := func() error {
		v, err := o.Get(ctx, doing, "k")
		if err == nil && (v.Text != "one" || v.Size != 3 || v.Expires.IsZero() != o.lacks(pTTL)) {
			t.Errorf("Get: got %+v", v)
		}
		return err
	}
	replace := func(seen djsession.Version) func() error {
		return func() error { return o.Replace(ctx, doing, "k", "two", later, seen) }
	}
	touch := func(seen djsession.Version) func() error {
		return func() error { return o.Touch(ctx, doing, "k", later, seen) }
	}
	remove := func(seen djsession.Version) func() error {
		return func() error { return o.Delete(ctx, doing, "k", seen) }
	}
	for _, test := range []struct {
		name  string
		there string
		run   func() error
		err   error
		left  string
	}{
		{"Get", "one", get, nil, "one"},
		{"Get, absent", "", get, djsession.ErrNotFound, ""},
		{"Get, too large", strings.Repeat("x", 100_001), get, djsession.ErrTooLarge, strings.Repeat("x", 100_001)},
		{"Replace", "one", replace(one), nil, "two"},
		{"Replace, absent", "", replace(one), djsession.ErrNotFound, ""},
		{"Replace, another", "one", replace(other), djsession.ErrConflict, "one"},
		{"Replace, one that begins like it", "one and more", replace(one), djsession.ErrConflict, "one and more"},
		{"Replace, nothing seen", "one", replace(djsession.Version{}), djsession.ErrConflict, "one"},
		{"Replace by force", "one", replace(djsession.Force), nil, "two"},
		{"Replace by force, absent", "", replace(djsession.Force), djsession.ErrNotFound, ""},
		{"Touch", "one", touch(one), nil, "one"},
		{"Touch, absent", "", touch(one), djsession.ErrNotFound, ""},
		{"Touch, another", "one", touch(other), djsession.ErrConflict, "one"},
		{"Delete", "one", remove(one), nil, ""},
		{"Delete, absent", "", remove(one), djsession.ErrNotFound, ""},
		{"Delete, another", "one", remove(other), djsession.ErrConflict, "one"},
		{"Delete by force", "one", remove(djsession.Force), nil, ""},
		{"Add", "", func() error { return o.Add(ctx, doing, "k", "two", later) }, nil, "two"},
		{"Add, taken", "one", func() error { return o.Add(ctx, doing, "k", "two", later) }, djsession.ErrKeyTaken, "one"},
		{"Set", "one", func() error { return o.Set(ctx, doing, "k", "two", later) }, nil, "two"},
		{"Replace, over", "one", func() error { return o.Replace(ctx, doing, "k", "two", now, one) }, nil, ""},
	} {
		rig.Flush(t)
		if test.there != "" {
			rig.Plant(t, "k", test.there, time.Now().Add(time.Minute))
		}
		if err := test.run(); !errors.Is(err, test.err) {
			t.Errorf("%s: got error %v, want %v", test.name, err, test.err)
		}
		if got, _ := rig.Stored(t, "k"); got != test.left {
			t.Errorf("%s: %.20q is stored, want %.20q", test.name, got, test.left)
		}
		if test.left == "two" || strings.HasPrefix(test.name, "Touch") && test.err == nil {
			if left := rig.Other.PTTL(ctx, "k").Val(); left < 59*time.Minute {
				t.Errorf("%s: %v are left, want an hour", test.name, left)
			}
		}
	}
	rig.Flush(t)
	if err := rig.Other.LPush(ctx, "k", "canary").Err(); err != nil {
		t.Fatal(err)
	}
	for name, run := range map[string]func() error{"Get": get, "Replace": replace(one), "Touch": touch(one), "Delete": remove(one)} {
		if err := run(); !errors.Is(err, djsession.ErrCorrupt) && !errors.Is(err, djsession.ErrTooLarge) {
			t.Errorf("%s of a list: got error %v, want ErrCorrupt", name, err)
		}
	}
	rig.Flush(t)
	rig.Plant(t, "k", "one", time.Now().Add(time.Minute))
	err := o.Cycle(ctx, doing, "k", one, "new", "two", later)
	if want := error(nil); o.lacks(eval) {
		if want = errors.ErrUnsupported; !errors.Is(err, want) {
			t.Errorf("Cycle: got error %v, want %v", err, want)
		}
	} else if err != nil {
		t.Errorf("Cycle: %v", err)
	}
}

// counted lets several goroutines count in one text. None of the counts is lost.
func counted(t *testing.T, o *Ops, rig *redistest.Rig) {
	t.Helper()
	const writers, each = 4, 15
	ctx := t.Context()
	rig.Flush(t)
	rig.Plant(t, "n", "0", time.Now().Add(time.Hour))
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for done := 0; done < each; {
				v, err := o.Get(ctx, doing, "n")
				if err != nil {
					t.Error(err)
					return
				}
				n, _ := strconv.Atoi(v.Text)
				err = o.Replace(ctx, doing, "n", strconv.Itoa(n+1), now.Add(time.Hour), v.Version())
				switch {
				case err == nil:
					done++
				case !errors.Is(err, djsession.ErrConflict):
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got, _ := rig.Stored(t, "n"); got != strconv.Itoa(writers*each) {
		t.Errorf("counted to %s, want %d", got, writers*each)
	}
}

// Without any way to compare and swap, only Unguarded writes.
func TestUnguarded(t *testing.T) {
	rig := redistest.Single(t)
	if ifEqOf(t, rig) {
		t.Skip("this server has SET with IFEQ, which nobody can take away but SET itself")
	}
	addr := filter(t, rig.Other.(*redis.Client).Options().Addr, []string{"eval", "evalsha", "watch", "hello"}, false)
	client := redis.NewClient(ClientOptions(&redis.Options{Addr: addr}))
	defer client.Close()
	o := New(newSite(t), client, Options{})
	rig.Plant(t, "k", "one", time.Now().Add(time.Minute))
	err := o.Replace(t.Context(), doing, "k", "two", now.Add(time.Hour), djsession.VersionOf("one"))
	if !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), "EVALSHA") {
		t.Errorf("Replace: got error %v, want ErrUnavailable with what is lacking", err)
	}
	if got, _ := rig.Stored(t, "k"); got != "one" {
		t.Errorf("%q is stored", got)
	}
	if _, err := o.Probe(t.Context(), doing, "probe"); !errors.Is(err, djsession.ErrUnavailable) {
		t.Errorf("Probe: got error %v, want ErrUnavailable", err)
	}
}

// An error about rights names the command, and not the key.
func TestNoRight(t *testing.T) {
	ctx := t.Context()
	rig := redistest.Single(t)
	for _, test := range []struct {
		rights string
		run    func(o *Ops) error
		says   string
	}{
		{"~* +@all -set", func(o *Ops) error { return o.Add(ctx, doing, "canary", "x", now.Add(time.Hour)) }, "may not run SET (NOPERM)"},
		{"~* +@all -del", func(o *Ops) error { return o.Delete(ctx, doing, "canary", djsession.Force) }, "may not run DEL (NOPERM)"},
		{"~* +@all -pexpire", func(o *Ops) error {
			return o.Touch(ctx, doing, "canary", now.Add(time.Hour), djsession.Force)
		}, "may not run PEXPIRE (NOPERM)"},
		{"~* +@all -pexpire", func(o *Ops) error {
			return o.Touch(ctx, doing, "canary", now.Add(time.Hour), djsession.VersionOf("x"))
		}, "PEXPIRE"},
		{"~* +@all -get -getrange", func(o *Ops) error { _, err := o.Get(ctx, doing, "canary"); return err }, "may not run GET (NOPERM)"},
		{"~* +@all -exists", func(o *Ops) error { _, err := o.exists(ctx, doing, "canary"); return err }, "may not run EXISTS (NOPERM)"},
		{"~* +@all -scan", func(o *Ops) error {
			for _, err := range o.Scan(ctx, doing, "", "", func(string) bool { return true }) {
				return err
			}
			return nil
		}, "may not run SCAN (NOPERM)"},
		{"~other* +@all", func(o *Ops) error { _, err := o.Get(ctx, doing, "canary"); return err }, "not do that to this key (NOPERM)"},
		{"~* +@all -wait", func(o *Ops) error {
			o.Replicas = 1
			return o.Delete(ctx, doing, "canary", djsession.Force)
		}, "run WAIT"},
	} {
		args := []any{"acl", "setuser", "web", "reset", "on", ">webpw", "&*"}
		for r := range strings.FieldsSeq(test.rights) {
			args = append(args, r)
		}
		if err := rig.Other.Do(ctx, args...).Err(); err != nil {
			t.Fatal(err)
		}
		rig.Plant(t, "canary", "x", time.Now().Add(time.Hour))
		client := redis.NewClient(ClientOptions(&redis.Options{Addr: rig.Other.(*redis.Client).Options().Addr, Username: "web", Password: "webpw"}))
		err := test.run(New(newSite(t), client, Options{}))
		if err == nil && strings.Contains(test.rights, "-pexpire") && ifEqOf(t, rig) {
			continue // SET with IFEQ does it
		}
		if !errors.Is(err, djsession.ErrUnavailable) || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got error %v, want ErrUnavailable with %q", test.rights, err, test.says)
		}
		client.Close()
	}
}

// filter is a proxy that does not pass on some commands.
func filter(t *testing.T, target string, lacks []string, cuts bool) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				s, err := net.Dial("tcp", target)
				if err != nil {
					return
				}
				defer s.Close()
				pass(c, s, lacks, cuts)
			}()
		}
	}()
	return l.Addr().String()
}

// pass sends one command at a time to the server and its answer back.
func pass(c, s net.Conn, lacks []string, cuts bool) {
	from, back := bufio.NewReader(c), bufio.NewReader(s)
	for {
		var raw strings.Builder
		words, err := frame(from, &raw)
		if err != nil || len(words) == 0 {
			return
		}
		if name := strings.ToLower(words[0]); slices.Contains(lacks, name) {
			if cuts {
				return
			}
			fmt.Fprintf(c, "-ERR unknown command '%s'\r\n", name)
			continue
		}
		if _, err := io.WriteString(s, raw.String()); err != nil {
			return
		}
		var answer strings.Builder
		if _, err := frame(back, &answer); err != nil {
			return
		}
		if _, err := io.WriteString(c, answer.String()); err != nil {
			return
		}
	}
}

// frame reads one value of RESP2. It returns the texts of an array.
func frame(r *bufio.Reader, raw *strings.Builder) ([]string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	raw.WriteString(line)
	n, _ := strconv.Atoi(strings.TrimSpace(line[1:]))
	switch line[0] {
	case '$':
		if n < 0 {
			return nil, nil
		}
		b := make([]byte, n+2)
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, err
		}
		raw.Write(b)
		return []string{string(b[:n])}, nil
	case '*':
		var all []string
		for range n {
			words, err := frame(r, raw)
			if err != nil {
				return nil, err
			}
			all = append(all, words...)
		}
		return all, nil
	}
	return nil, nil
}
