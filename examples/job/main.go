// Command job changes a session of a Django site. It reads the session key from standard
// input, and counts how often a job has run for the visitor. ../README.md says how to run
// it.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/djsite"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: job SETTINGS <KEY")
	}
	key, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		log.Fatal(err)
	}
	runs, err := job(context.Background(), os.Args[1], strings.TrimSpace(key))
	if errors.Is(err, djsession.ErrNotFound) {
		log.Fatal("The visitor has logged out.")
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("runs:", runs)
}

func job(ctx context.Context, file, key string) (int, error) {
	settings, err := djsettings.ReadFile(file, nil)
	if err != nil {
		return 0, err
	}
	site, err := djsite.Open(ctx, settings, nil)
	if err != nil {
		return 0, err
	}
	defer site.Close()
	s, err := site.Sessions.Open(ctx, key)
	if err != nil {
		return 0, err
	}
	err = djsession.Edit(s, "runs", func(n *int) error { *n++; return nil }) // runs again after a conflict
	if err != nil {
		return 0, err
	}
	if err := s.Save(ctx); err != nil {
		return 0, err
	}
	return djsession.Value(s, "runs", 0)
}
