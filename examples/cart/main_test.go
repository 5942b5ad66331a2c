package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/go-djsession/go-djsession/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// TestCart: twenty clients of one visitor add to the cart at once, and nothing is lost.
func TestCart(t *testing.T) {
	settings, _ := exampletest.Demo(t)
	at := exampletest.Run(t, settings)
	b := exampletest.NewAda(t, at)
	b.Get(at + "/").Has(http.StatusOK).HasNot("tea")

	const clients = 20
	var all sync.WaitGroup
	for i := range clients {
		c := b.Clone()
		all.Go(func() {
			c.Submit(at+"/add", "sku", "tea").Has(http.StatusOK, "<li>tea: ")
			c.Submit(at+"/add", "sku", fmt.Sprintf("cup %d", i)).Has(http.StatusOK, fmt.Sprintf("<li>cup %d: 1</li>", i))
		})
	}
	all.Wait()
	page := b.Get(at+"/").Has(http.StatusOK, fmt.Sprintf("<li>tea: %d</li>", clients))
	for i := range clients {
		page.Has(http.StatusOK, fmt.Sprintf("<li>cup %d: 1</li>", i))
	}
}

// TestLook: the page fits a phone, even with a word that is longer than a line, and has a dark
// mode.
func TestLook(t *testing.T) {
	settings, _ := exampletest.Demo(t)
	at := exampletest.Run(t, settings)
	b := exampletest.NewAda(t, at)
	b.Get(at + "/")
	b.Submit(at+"/add", "sku", "tea")
	b.Submit(at+"/add", "sku", strings.Repeat("coffee", 20)).Has(http.StatusOK, "coffee")
	exampletest.CheckLook(t, at, exampletest.Ada, "/")
}
