package docs_test

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages returns the pages beside this file, those of the root and of the examples.
func pages(t *testing.T) []string {
	t.Helper()
	names := []string{"../README.md", "../SECURITY.md", "../CONTRIBUTING.md", "../DESIGN.md"}
	for _, pattern := range []string{"*.md", "../examples/*.md", "../examples/*/README.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no pages %s: %v", pattern, err)
		}
		names = append(names, found...)
	}
	return names
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// block is what stands between two fences, or is indented by four spaces.
type block struct {
	page string
	line int
	lang string // "" for an indented one
	mark string // <!-- mark --> on the line above, "" for none
	code string
}

var mark = regexp.MustCompile(`^<!-- (.*) -->$`)

// blocks returns the blocks of a page.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	var found []block
	var b *block   // the one that is open
	before := ""   // the line before this one
	number := 0    // of this line
	indent := "  " // of the list item around it
	in := bufio.NewScanner(bytes.NewReader(read(t, page)))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		line := in.Text()
		number++
		lang, fence := strings.CutPrefix(line, "```")
		code, indented := strings.CutPrefix(line, indent+"  ")
		switch {
		case b != nil && b.lang != "" && !fence:
			b.code += line + "\n"
		case b != nil && b.lang != "":
			b = nil
		case fence:
			if lang == "" {
				t.Errorf("%s:%d: a block must name its language", page, number)
				lang = "text"
			}
			found = append(found, block{page: page, line: number, lang: lang})
			b = &found[len(found)-1]
			if m := mark.FindStringSubmatch(before); m != nil {
				b.mark = m[1]
			}
		case b != nil && (indented || line == ""):
			b.code += code + "\n"
		case b != nil:
			b = nil
		case indented && before == "":
			found = append(found, block{page: page, line: number, code: code + "\n"})
			b = &found[len(found)-1]
		}
		if !indented && line != "" && b == nil {
			indent = "  "
			if strings.HasPrefix(line, "- ") || len(line) > 2 && line[1] == '.' || strings.HasPrefix(line, "   ") {
				indent = "     " // what goes on with the item is indented by up to three
			}
		}
		before = line
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	if b != nil && b.lang != "" {
		t.Errorf("%s:%d: the block does not end", page, b.line)
	}
	return found
}

// all returns the blocks of all pages.
func all(t *testing.T) []block {
	t.Helper()
	var found []block
	for _, page := range pages(t) {
		found = append(found, blocks(t, page)...)
	}
	return found
}

var (
	link    = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	inline  = regexp.MustCompile("`[^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *$`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
)

// anchors are the names of a page's headings, as the forge makes them.
func anchors(t *testing.T, page string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, m := range heading.FindAllSubmatch(read(t, page), -1) {
		name := strings.ToLower(dropped.ReplaceAllString(string(m[1]), ""))
		name = strings.ReplaceAll(name, " ", "-")
		for found[name] { // the second heading of this name is name-1
			name += "-1"
		}
		found[name] = true
	}
	return found
}

// TestLinks: each link leads to a file or a folder that is there, and each anchor to a
// heading of its page.
func TestLinks(t *testing.T) {
	links, outside, dead := 0, 0, 0
	for _, page := range pages(t) {
		text := inline.ReplaceAll(read(t, page), []byte("x"))
		for _, found := range link.FindAllSubmatch(text, -1) {
			target, anchor := string(found[1]), strings.TrimPrefix(string(found[2]), "#")
			if strings.Contains(target, "://") {
				outside++ // the network is not asked
				continue
			}
			links++
			file := page
			if target != "" {
				file = filepath.Join(filepath.Dir(page), target)
			}
			info, err := os.Stat(file)
			if err == nil && anchor != "" && (info.IsDir() || !anchors(t, file)[anchor]) {
				err = os.ErrNotExist
			}
			if err != nil {
				dead++
				t.Errorf("%s: the link %s leads nowhere", page, bytes.Trim(found[0], "]()"))
			}
		}
	}
	t.Logf("links: %d in %d pages, and %d to other sites; dead: %d", links, len(pages(t)), outside, dead)
}

// TestPagesAreFound: the index of this folder links to every page in it, and README.md is
// short.
func TestPagesAreFound(t *testing.T) {
	if n := bytes.Count(read(t, "../README.md"), []byte("\n")); n > 150 {
		t.Errorf("README.md has %d lines, want at most 150: move what is long to docs", n)
	}
	index := read(t, "README.md")
	for _, page := range pages(t) {
		if !strings.Contains(page, "/") && page != "README.md" && !bytes.Contains(index, []byte("("+page+")")) {
			t.Errorf("docs/README.md does not link to %s", page)
		}
	}
}
