package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/console"
)

const (
	vectorSecret  = "fixtures-secret-key-not-used-anywhere-else"
	vectorPayload = "eyJ2aXNpdHMiOjd9:1r31eq:T75S6HdnN8JQd-quCfoREJa9Qr-7hG6spzUx-3OymeQ" // of fixtures/django5.2
)

// TestLinesAnswerAtOnce: a writer that waits for the answer to each line gets it.
func TestLinesAnswerAtOnce(t *testing.T) {
	in, ask := io.Pipe()
	answers, out := io.Pipe()
	a := newApp(in, out, io.Discard, map[string]string{console.EnvSecret: vectorSecret})
	ended := make(chan int, 1)
	go func() {
		ended <- a.main(t.Context(), []string{"decode", "--lines"})
		out.Close()
	}()
	want := "{\"ok\":true,\"session\":{\"visits\":7}}\n"
	buf := make([]byte, len(want))
	for i := range 3 {
		if _, err := io.WriteString(ask, vectorPayload+"\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(answers, buf); err != nil || string(buf) != want {
			t.Fatalf("answer %d: got %q, %v, want %q", i, buf, err, want)
		}
	}
	ask.Close()
	if got := <-ended; got != 0 {
		t.Errorf("got status %d, want 0", got)
	}
}

// TestLines: Lines reads or skips lines of any length, in order.
func TestLines(t *testing.T) {
	const max = 100_000 // more than the buffer
	long := strings.Repeat("x", max+1)
	fits := strings.Repeat("y", max)
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"no end", "a", []string{"a"}},
		{"ends", "a\nb\r\n\nc\n", []string{"a", "b", "", "c"}},
		{"as long as may be", fits[1:] + "\nb\n", []string{fits[1:], "b"}},
		{"too long in the midst", "a\n" + long + "\nb\n", []string{"a", "too long", "b"}},
		{"too long at the end", "a\n" + long, []string{"a", "too long"}},
		{"much too long", strings.Repeat(long, 5) + "\nb", []string{"too long", "b"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := console.NewLines(strings.NewReader(tt.in), max)
			var got []string
			for {
				line, err := l.Next()
				if err == io.EOF {
					break
				}
				if errors.Is(err, console.ErrLong) {
					line = "too long"
				} else if err != nil {
					t.Fatal(err)
				}
				got = append(got, line)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got %d lines, want %d", len(got), len(tt.want))
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("line %d: got %d bytes, want %d", i, len(got[i]), len(tt.want[i]))
				}
			}
		})
	}
}

// TestLinesBadReader: a failing input is an error after the answers so far.
func TestLinesBadReader(t *testing.T) {
	var stdout, stderr bytes.Buffer
	in := io.MultiReader(strings.NewReader(vectorPayload+"\n"), brokenReader{})
	a := newApp(in, &stdout, &stderr, map[string]string{console.EnvSecret: vectorSecret})
	if got := a.main(t.Context(), []string{"decode", "--lines"}); got != 1 {
		t.Errorf("got status %d, want 1", got)
	}
	if !strings.Contains(stdout.String(), `"ok":true`) || !strings.Contains(stderr.String(), "read: broken") {
		t.Errorf("got %q and %q, want an answer and the reason", stdout.String(), stderr.String())
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

// TestTaggedRoundTrip: encode --tagged signs the output of decode --tagged again.
func TestTaggedRoundTrip(t *testing.T) {
	c := newCLI(t)
	for _, session := range []string{
		`{}`,
		`{"a":null,"b":true,"c":false,"d":-1,"e":1.5,"f":"x","g":[],"h":{}}`,
		`{"big":123456789012345678901234567890,"exp":1e+16,"small":5e-324,"minus":-0.0}`,
		`{"nan":NaN,"inf":Infinity,"minus":-Infinity}`,
		`{"lone":"\ud800","pair":"\ud83d\ude00","nul":"\u0000"}`,
		`{"deep":[[[{"x":[{"y":[1,[2]]}]}]]]}`,
	} {
		payload := c.must(t, "", "encode", "--timestamp", "1", session)
		tagged := c.must(t, payload, "decode", "--tagged")
		if got := c.must(t, tagged, "encode", "--tagged", "--timestamp", "1"); got != payload {
			t.Errorf("%s: got %q, want %q", session, got, payload)
		}
	}
}

// TestTaggedRefused: text that is not tagged JSON, or that holds values that no session can
// hold.
func TestTaggedRefused(t *testing.T) {
	c := newCLI(t)
	for _, tt := range []struct{ name, in string }{
		{"nothing", ``},
		{"plain JSON", `{"a":1}`},
		{"no dict", `{"type":"list","value":[]}`},
		{"a third member", `{"type":"dict","value":[],"x":1}`},
		{"type is no text", `{"type":1,"value":[]}`},
		{"unknown type", `{"type":"complex","value":"1 2"}`},
		{"pair of one", `{"type":"dict","value":[[{"type":"str","value":"a"}]]}`},
		{"key is no text", `{"type":"dict","value":[[{"type":"int","value":"1"},{"type":"none","value":null}]]}`},
		{"int is a number", `{"type":"dict","value":[[{"type":"str","value":"a"},{"type":"int","value":1}]]}`},
		{"int is empty", `{"type":"dict","value":[[{"type":"str","value":"a"},{"type":"int","value":""}]]}`},
		{"int is hexadecimal", `{"type":"dict","value":[[{"type":"str","value":"a"},{"type":"int","value":"ff"}]]}`},
		{"int is endless", `{"type":"dict","value":[[{"type":"str","value":"a"},{"type":"int","value":"` + strings.Repeat("1", 20_000) + `"}]]}`},
		{"int has too many digits for Python", `{"type":"dict","value":[[{"type":"str","value":"a"},{"type":"int","value":"` + strings.Repeat("1", 4301) + `"}]]}`},
		{"float is a word", `{"type":"dict","value":[[{"type":"str","value":"a"},{"type":"float","value":"infinity"}]]}`},
		{"float is hexadecimal", `{"type":"dict","value":[[{"type":"str","value":"a"},{"type":"float","value":"0x1p4"}]]}`},
		{"wtf8 is no hexadecimal", `{"type":"dict","value":[[{"type":"str","value":"a"},{"type":"wtf8","value":"zz"}]]}`},
		{"wtf8 is no text", `{"type":"dict","value":[[{"type":"str","value":"a"},{"type":"wtf8","value":"ff"}]]}`},
		{"bool is text", `{"type":"dict","value":[[{"type":"str","value":"a"},{"type":"bool","value":"true"}]]}`},
		{"a tuple", `{"type":"dict","value":[[{"type":"str","value":"a"},{"type":"tuple","value":[]}]]}`},
		{"an item that is none", `{"type":"dict","value":[[{"type":"str","value":"a"},{"type":"list","value":[1]}]]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := c.run(t, tt.in, "encode", "--tagged")
			if r.status != 1 || r.stdout != "" || !strings.Contains(r.stderr, "\nhint: ") {
				t.Errorf("got status %d, %q and %q, want a refusal with a hint", r.status, r.stdout, r.stderr)
			}
		})
	}
}
