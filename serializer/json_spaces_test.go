package serializer

import "testing"

// With Spaces it is what json.dumps writes without separators; what was read
// stays as it stood.
func TestSpaces(t *testing.T) {
	j := JSON{Spaces: true}
	read, err := j.Loads([]byte(`{"raw":{"a":1,"b":[1,2]}}`))
	if err != nil {
		t.Fatal(err)
	}
	frozen, err := j.Freeze(struct {
		A []int          `json:"a"`
		B map[string]any `json:"b"`
	}{[]int{1, 2}, map[string]any{"x": 1, "y": Tuple{nil, "a,b: c"}}})
	if err != nil {
		t.Fatal(err)
	}
	d := read.With("frozen", frozen).With("list", []any{int64(1), NewDict(Item{"k", "v"}, Item{"l", nil})})
	for _, test := range []struct {
		j    JSON
		want string
	}{
		{j, `{"raw": {"a":1,"b":[1,2]}, "frozen": {"a": [1, 2], "b": {"x": 1, "y": [null, "a,b: c"]}}, "list": [1, {"k": "v", "l": null}]}`},
		{JSON{}, `{"raw":{"a":1,"b":[1,2]},"frozen":{"a": [1, 2], "b": {"x": 1, "y": [null, "a,b: c"]}},"list":[1,{"k":"v","l":null}]}`},
	} {
		if got, err := test.j.Dumps(nil, d); err != nil || string(got) != test.want {
			t.Errorf("Spaces %v: got %s (%v), want %s", test.j.Spaces, got, err, test.want)
		}
	}
}
