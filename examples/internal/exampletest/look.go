package exampletest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/testkit/webdriver"
)

// CheckLook opens pages of an example in Chromium, as the visitor with this session, on a laptop
// and on a phone, light and dark. No page is wider than its window, and each follows the scheme.
//
// With DJSESSION_SCREENSHOTS=DIR in the environment, it stores the pages in that folder.
func CheckLook(t *testing.T, at, key string, paths ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	b := webdriver.Start(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(b.Open(at + paths[0]))
	if key != "" {
		must(b.SetCookie("sessionid", key))
	}
	for _, path := range paths {
		for _, width := range []int{1366, 390} {
			var papers []string
			for _, dark := range []bool{false, true} {
				must(b.View(width, 768, dark))
				must(b.Open(at + path))
				var got struct {
					Wide  int
					Paper string
				}
				must(b.Script(`return {Wide: document.documentElement.scrollWidth, Paper: getComputedStyle(document.body).backgroundColor}`, &got))
				if got.Wide > width {
					t.Errorf("%s: the page is %d pixels wide, the window %d", path, got.Wide, width)
				}
				papers = append(papers, got.Paper)
				if dir := os.Getenv("DJSESSION_SCREENSHOTS"); dir != "" {
					png, err := b.Screenshot()
					must(err)
					name := fmt.Sprintf("%s%s-%d-%s.png", strings.TrimSuffix(filepath.Base(os.Args[0]), ".test"), strings.ReplaceAll(strings.TrimRight(path, "/"), "/", "-"), width, map[bool]string{true: "dark", false: "light"}[dark])
					must(os.WriteFile(filepath.Join(dir, name), png, 0o600))
				}
			}
			if papers[0] == papers[1] {
				t.Errorf("%s: the paper is %s, light and dark", path, papers[0])
			}
		}
	}
}
