package compat_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// matrix is what this run has checked of the engine db, engineMatrix what of all engines.
var (
	matrix       = matrixOf{file: "MATRIX.md", head: matrixHead}
	engineMatrix = matrixOf{file: "ENGINES.md", head: engineHead}
)

const matrixHead = `# What is checked against which Django

Written by ` + "`go test ./compat_test -update`" + ` from what passed, each with USE_TZ on and off; a complete
run compares itself with it.

| Go package | database | Django | checked |
|---|---|---|---|
`

const engineHead = `# Which engine is checked against which Django

Written by ` + "`go test ./compat_test -update`" + ` from what passed, in both directions each; a complete run
compares itself with it. ` + "`-run TestTable -update`" + ` then writes the table of docs/engines.md.

What is not there, and why: LocMemCache is not shared between processes. Django has had a
RedisCache since 4.0, a PyMemcacheCache since 3.2, no MemcachedCache since 4.1, and no
PickleSerializer since 5.0. django-redis before 5.4 has its Sentinel from a setting of all
caches together.
pylibmc has no wheels for the Pythons of Django 4.2 and later. django-redis has a gzip
compressor since 6.0, which needs Django 4.2. Its msgpack, lz4 and zstd, and the libraries
user_sessions and qsessions, were not installed beside the oldest Djangos. "objects" are
values that only a pickle holds; signed_cookies cannot take part in what needs a store.
"in a browser" runs on one Django for each line, the newest that has it.

| SESSION_ENGINE | cache | format | Django | checked |
|---|---|---|---|---|
`

// matrixOf holds, for each row, the checks that passed (true) or did not. A row is its
// first cells.
type matrixOf struct {
	file, head string
	mu         sync.Mutex
	rows       map[string]map[string]bool
}

// checks notes that t checks something, for when it passes. A check that runs several
// times for one row counts if it never fails.
func (m *matrixOf) checks(t testing.TB, what string, cells ...string) {
	row := strings.Join(cells, " | ")
	t.Cleanup(func() {
		if t.Skipped() {
			return
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.rows == nil {
			m.rows = make(map[string]map[string]bool)
		}
		if m.rows[row] == nil {
			m.rows[row] = make(map[string]bool)
		}
		before, again := m.rows[row][what]
		m.rows[row][what] = !t.Failed() && (before || !again)
	})
}

// lines are the lines of the table.
func (m *matrixOf) lines() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lines []string
	for row, checks := range m.rows {
		var passed []string
		for what, ok := range checks {
			if ok {
				passed = append(passed, what)
			}
		}
		slices.Sort(passed)
		lines = append(lines, fmt.Sprintf("| %s | %s |", row, strings.Join(passed, ", ")))
	}
	return lines
}

// finish writes the matrix, or compares it with the one that was written, if the run was
// complete. The lines of a Django that is not here stay as they are.
func (m *matrixOf) finish(write, complete bool) error {
	switch {
	case write && !complete:
		return errors.New("the matrix is not written: this run leaves tests out")
	case !complete:
		return nil
	}
	file, err := os.ReadFile(m.file)
	if err != nil && !write {
		return fmt.Errorf("read the matrix: %w", err)
	}
	var lines []string
	for _, line := range strings.Split(string(file), "\n") {
		if slices.ContainsFunc(absent(), func(django string) bool { return strings.Contains(line, "| "+django+" |") }) {
			lines = append(lines, line)
		}
	}
	lines = append(lines, m.lines()...)
	slices.Sort(lines)
	text := m.head + strings.Join(lines, "\n") + "\n"
	if write {
		return os.WriteFile(m.file, []byte(text), 0o644)
	}
	if text != string(file) {
		return fmt.Errorf("%s is not what was checked: run go test ./compat_test -update, and look at the difference", m.file)
	}
	return nil
}
