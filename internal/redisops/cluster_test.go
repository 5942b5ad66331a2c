//go:build unix && failover

package redisops

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/testkit/testserver"
)

// A Cluster with replicas: a planned failover, and a primary that is killed. Nothing that is
// stored is ever absent, and what was acknowledged stays.
func TestClusterFailover(t *testing.T) {
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		testserver.Lacks(t, "redis-cli is not here: run compat_test/setup.sh")
	}
	ctx := t.Context()
	var nodes []*process
	args := []string{"--cluster", "create"}
	for range 6 {
		p := newProcess(t, "--cluster-enabled", "yes", "--cluster-port", fmt.Sprint(free(t)), "--cluster-node-timeout", "1500", "--repl-diskless-sync-delay", "0")
		nodes = append(nodes, p)
		args = append(args, p.addr())
	}
	// The port of the bus goes with the address, as it is not the usual one.
	create := exec.Command(cli, append(args, "--cluster-replicas", "1", "--cluster-yes")...)
	done := make(chan error, 1)
	go func() { _, err := create.CombinedOutput(); done <- err }()
	select {
	case err := <-done:
		if err != nil {
			t.Fatalf("make a cluster: %v", err)
		}
	case <-time.After(time.Minute):
		_ = create.Process.Kill()
		t.Fatal("the nodes do not find each other")
	}
	info := func(p *process, section string) string { return text(p.do(false, "info", section)) }
	settled := func() {
		for _, p := range nodes {
			if p.cmd == nil {
				continue
			}
			p.until(func() bool {
				return strings.Contains(text(p.do(false, "cluster", "info")), "cluster_state:ok") &&
					(strings.Contains(info(p, "replication"), "role:master") || strings.Contains(info(p, "replication"), "master_link_status:up"))
			})
		}
	}
	settled()
	nodes[5].until(func() bool {
		up := 0
		for _, p := range nodes {
			if strings.Contains(info(p, "replication"), "master_link_status:up") {
				up++
			}
		}
		return up == 3
	})
	client := redis.NewClusterClient(ClusterOptions(&redis.ClusterOptions{Addrs: []string{nodes[0].addr(), nodes[1].addr(), nodes[2].addr()}}))
	defer client.Close()
	o := New(newSite(t), client, Options{Replicas: 1})
	const keys = 60
	key := func(i int) string { return fmt.Sprint("k", i) }
	versions := make([]djsession.Version, keys)
	for i := range keys {
		if err := o.Add(ctx, doing, key(i), "0", now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		versions[i] = djsession.VersionOf("0")
	}
	// all reads each text until each answered, and reports how many reads failed before.
	all := func(what string) {
		t.Helper()
		failed := 0
		for i := range keys {
			for end := time.Now().Add(time.Minute); ; {
				_, err := o.Get(ctx, doing, key(i))
				if err == nil {
					break
				}
				failed++
				if !errors.Is(err, djsession.ErrUnavailable) || time.Now().After(end) {
					t.Fatalf("%s: %s: %v", what, key(i), err)
				}
			}
		}
		t.Logf("%s: %d reads failed before each of %d texts was read", what, failed, keys)
	}
	all("at first")
	replica := nodes[3]
	replica.do(true, "cluster", "failover")
	all("during a planned failover")
	asked := time.Now()
	replica.until(func() bool {
		if time.Since(asked) > 6*time.Second { // it gives up after five
			replica.do(false, "cluster", "failover")
			asked = time.Now()
		}
		return strings.Contains(info(replica, "replication"), "role:master")
	})
	all("after a planned failover")
	settled()

	for _, p := range nodes {
		if strings.Contains(info(p, "replication"), "role:master") {
			p.kill()
			break
		}
	}
	all("after a primary was killed")
	for i := range keys {
		err := o.Replace(ctx, doing, key(i), "1", now.Add(time.Hour), versions[i])
		for end := time.Now().Add(time.Minute); errors.Is(err, djsession.ErrUnavailable) && time.Now().Before(end); {
			err = o.Replace(ctx, doing, key(i), "1", now.Add(time.Hour), versions[i])
		}
		if err != nil {
			t.Fatalf("write %s: %v", key(i), err)
		}
	}
}
