// Package pickle_test holds serializer/pickle against CPython itself, and against the other Go libraries that read pickles.
package pickle_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// pickled is a pickle of fixtures/pickle.
type pickled struct {
	file, vector string
	protocol     int
	raw          []byte
}

func (p *pickled) name() string { return fmt.Sprintf("%s/%s/%d", p.file, p.vector, p.protocol) }

// corpus returns all pickles of fixtures/pickle.
func corpus(t testing.TB) []pickled {
	t.Helper()
	files, err := filepath.Glob("../../fixtures/pickle/*[0-9].jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	var all []pickled
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file := strings.TrimSuffix(filepath.Base(path), ".jsonl")
		lines := bufio.NewScanner(bytes.NewReader(raw))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var v struct {
				Name    string
				Pickles map[string]string
			}
			if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
				t.Fatal(err)
			}
			for protocol := range 6 {
				text, ok := v.Pickles[strconv.Itoa(protocol)]
				if !ok {
					continue
				}
				raw, err := base64.StdEncoding.DecodeString(text)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, pickled{file, v.Name, protocol, raw})
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// find returns one pickle of the corpus.
func find(t testing.TB, file, vector string, protocol int) []byte {
	t.Helper()
	for _, p := range corpus(t) {
		if p.file == file && p.vector == vector && p.protocol == protocol {
			return p.raw
		}
	}
	t.Fatalf("no %s/%s in the corpus", file, vector)
	return nil
}
