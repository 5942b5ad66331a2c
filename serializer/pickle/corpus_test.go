package pickle

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const corpusDir = "../../fixtures/pickle"

// vector is a value of the corpus with its pickles.
type vector struct {
	Name    string            `json:"name"`
	Why     string            `json:"why"`
	Pickles map[string]string `json:"pickles"`
	Value   any               `json:"value"`
	Values  map[string]any    `json:"values"`

	file string
}

// pickled is one pickle of the corpus.
type pickled struct {
	name     string // file, name and protocol
	file     string
	vector   string
	protocol int
	raw      []byte
	value    any // its description
}

func (p *pickled) python2() bool { return p.file == "cpython2.7" || p.file == "django1.11" }

// corpus returns all pickles of the corpus. A file that the manifest does not name
// as it is, one that is empty, or a field that nobody knows is an error.
func corpus(t testing.TB) []pickled {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(corpusDir, "MANIFEST.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest map[string]struct {
		Vectors int
		SHA256  string
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(corpusDir, "*.jsonl"))
	if err != nil || len(files) < 12 {
		t.Fatal("the corpus is not there", files, err)
	}
	var all []pickled
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		sum := sha256.Sum256(raw)
		if hex.EncodeToString(sum[:]) != manifest[name].SHA256 {
			t.Fatalf("%s is not what the manifest says", name)
		}
		if name == "recipes.jsonl" {
			continue
		}
		vectors := readLines[vector](t, raw)
		if len(vectors) == 0 || len(vectors) != manifest[name].Vectors {
			t.Fatalf("%s has %d vectors, the manifest says %d", name, len(vectors), manifest[name].Vectors)
		}
		for _, v := range vectors {
			v.file = strings.TrimSuffix(name, ".jsonl")
			all = append(all, v.split(t)...)
		}
	}
	return all
}

func readLines[T any](t testing.TB, raw []byte) []T {
	t.Helper()
	var all []T
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		dec := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		dec.DisallowUnknownFields()
		var v T
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func (v *vector) split(t testing.TB) []pickled {
	t.Helper()
	var all []pickled
	for _, protocol := range slices.Sorted(maps.Keys(v.Pickles)) {
		raw, err := base64.StdEncoding.DecodeString(v.Pickles[protocol])
		if err != nil || len(raw) == 0 {
			t.Fatalf("%s %s: %v", v.file, v.Name, err)
		}
		p := pickled{
			name: v.file + "/" + v.Name + "/" + protocol, file: v.file, vector: v.Name,
			protocol: int(protocol[0] - '0'), raw: raw, value: v.Value,
		}
		if other, ok := v.Values[protocol]; ok {
			p.value = other
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatalf("%s %s has no pickle", v.file, v.Name)
	}
	return all
}
