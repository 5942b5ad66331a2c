package serializer_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/internal/testkit/hostile"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// What a session may well hold is read and printed as before: large values, and
// values that are there some thousand times.
func TestBudgetOfSensibleValues(t *testing.T) {
	pair := serializer.Tuple{"a", int64(1)}
	levels := any([]any{})
	for range 14 {
		levels = []any{levels, levels}
	}
	large := map[string]any{
		"shared pairs":   hostile.Repeat(pair, 100_000),
		"shared levels":  levels,
		"many ints":      hostile.Ints(300_000),
		"many texts":     hostile.Repeat(strings.Repeat("x", 40), 20_000),
		"one long text":  strings.Repeat("\u0001é", 1<<20),
		"wide and deep":  hostile.Nested(hostile.Ints(50_000), 20),
		"shared records": hostile.Repeat(serializer.NewDict(serializer.Item{Key: "name", Value: "x"}, serializer.Item{Key: "n", Value: int64(1)}), 20_000),
	}
	for name, v := range large {
		text, err := pickle.Append(nil, v, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if v, err = pickle.Load(text, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		d := serializer.NewDict(serializer.Item{Key: "x", Value: v})
		if _, err := serializer.AppendText(nil, d, "  "); err != nil {
			t.Errorf("%s: AppendText: %v", name, err)
		}
		if _, err := tagged.Append(nil, d); err != nil {
			t.Errorf("%s: AppendTagged: %v", name, err)
		}
		raw, err := serializer.Field[json.RawMessage](d, "x", nil)
		if err != nil {
			t.Errorf("%s: json.RawMessage: %v", name, err)
			continue
		}
		read, err := serializer.JSON{}.Loads([]byte(`{"x":` + string(raw) + "}"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := serializer.AppendText(nil, read, "    "); err != nil {
			t.Errorf("%s: AppendText of JSON: %v", name, err)
		}
		if _, err := tagged.Append(nil, read); err != nil {
			t.Errorf("%s: AppendTagged of JSON: %v", name, err)
		}
		if again, err := serializer.Field[json.RawMessage](read, "x", nil); err != nil || string(again) != string(raw) {
			t.Errorf("%s: json.RawMessage of JSON: %v", name, err)
		}
	}
}

// The errors of what shares too much, or would be too long when indented.
func TestBudgetErrors(t *testing.T) {
	bomb := hostile.Graph([]any{}, func(v any) any { return []any{v, v} })
	d := serializer.NewDict(serializer.Item{Key: "x", Value: bomb})
	_, text := serializer.AppendText(nil, bomb, "")
	_, spelled := tagged.Append(nil, bomb)
	_, raw := serializer.Field[json.RawMessage](d, "x", nil)
	_, method := serializer.Field[jsonIn](d, "x", jsonIn{})
	_, typed := serializer.Field[listOfIt](d, "x", nil)
	_, indented := serializer.AppendText(nil, hostile.Nested(hostile.Ints(100_000), 990), "  ")
	for i, err := range []error{text, spelled, raw, method, typed, indented} {
		if !errors.Is(err, serializer.ErrLimit) {
			t.Errorf("%d: got %v, want ErrLimit", i, err)
		}
	}
}
