package storetest_test

import (
	"testing"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/djsession/memstore"
	"github.com/go-djsession/go-djsession/djsession/storetest"
)

// The test of a Store of your own, here a memstore. Each name in Skip is a case, or a group of
// them, with the reason.
func Example() {
	_ = func(t *testing.T) { // func TestStore
		storetest.Run(t, storetest.Harness{
			Open: func(t *testing.T, site *djsession.Site) storetest.Engine {
				return storetest.Engine{Store: memstore.New(site)}
			},
			Skip: map[string]string{"down/": "memory is never down", "context/": "memory does not wait"},
		})
	}
}
