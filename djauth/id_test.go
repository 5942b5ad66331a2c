package djauth_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"math/big"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/djauth"
	"github.com/go-djsession/go-djsession/internal/testkit/django"
	"github.com/go-djsession/go-djsession/serializer"
)

// TestIDVectors reads 10,000 random ids and those of ids.py. Django 5.2 wrote the file:
//
//	python testdata/ids.py 1 10000 | gzip -9n > testdata/ids.jsonl.gz
func TestIDVectors(t *testing.T) {
	file, err := os.Open("testdata/ids.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	checkIDs(t, lines, 10_000)
}

func TestIDLive(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python some times")
	}
	for i, version := range []string{"2.2", "3.2", "4.2", "5.2", "6.1"} {
		t.Run(version, func(t *testing.T) {
			cmd := exec.Command(django.Python(t, version), "testdata/ids.py", strconv.Itoa(2+i), "2000")
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			checkIDs(t, bytes.NewReader(out), 2000)
		})
	}
}

// checkIDs compares Parse with the lines that ids.py wrote.
func checkIDs(t *testing.T, r io.Reader, least int) {
	t.Helper()
	n, taken := 0, map[djauth.IDKind]int{}
	lines := bufio.NewScanner(r)
	for ; lines.Scan(); n++ {
		d, err := serializer.JSON{}.Loads(bytes.Clone(lines.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		in, _ := d.Get("id")
		for _, kind := range []djauth.IDKind{djauth.IntegerID, djauth.UUIDID, djauth.TextID} {
			want, _ := d.Get(kind.String())
			got, err := kind.Parse(in)
			switch {
			case want == nil && err == nil:
				t.Errorf("%v of %#q: got %q, Django raises", kind, in, got)
			case want != nil && got != want:
				t.Errorf("%v of %#q: got %q and error %v, want %q", kind, in, got, err, want)
			case want != nil:
				taken[kind]++
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if n < least || taken[djauth.IntegerID] < least/10 || taken[djauth.UUIDID] < least/10 {
		t.Errorf("%d ids, of which Django takes %v: these are no test", n, taken)
	}
	t.Logf("%d ids, of which Django takes %v", n, taken)
}

// TestIDOfPickle has values that only a pickle holds; what int, UUID and str of Python
// 3.13 make of them.
func TestIDOfPickle(t *testing.T) {
	for _, test := range []struct {
		name string
		kind djauth.IDKind
		in   any
		want string
	}{
		{"bytes", djauth.IntegerID, serializer.Bytes(" +1_0\n"), "10"},
		{"bytes beyond ASCII", djauth.IntegerID, serializer.Bytes("\u0661"), ""},
		{"bytearray", djauth.IntegerID, serializer.ByteArray("7"), "7"},
		{"text of Python 2", djauth.IntegerID, serializer.Str2("7"), "7"},
		{"a UUID as an integer", djauth.IntegerID, serializer.UUID{15: 7}, ""},
		{"a UUID", djauth.UUIDID, serializer.UUID{15: 7}, "00000000-0000-0000-0000-000000000007"},
		{"bytes as a UUID", djauth.UUIDID, serializer.Bytes("00000000000000000000000000000007"), ""},
		{"a UUID as text", djauth.TextID, serializer.UUID{15: 7}, "00000000-0000-0000-0000-000000000007"},
		{"an int of 4300 digits as text", djauth.TextID, bigInt("-", 4300), "-" + strings.Repeat("7", 4300)},
		{"an int of 4301 digits as text", djauth.TextID, bigInt("-", 4301), ""},
		{"an int of 6000 digits as text", djauth.TextID, bigInt("", 6000), ""},
		{"a list as text", djauth.TextID, []any{}, ""}, // unlike Python
	} {
		if got, err := test.kind.Parse(test.in); got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s: got %q and error %v, want %q", test.name, got, err, test.want)
		}
	}
}

func bigInt(sign string, digits int) *big.Int {
	n, _ := new(big.Int).SetString(sign+strings.Repeat("7", digits), 10)
	return n
}
