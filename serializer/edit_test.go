package serializer_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

// line and basket know less than what Django stored.
type line struct {
	SKU string `json:"sku"`
	Qty int    `json:"qty"`
}

type basket struct {
	Lines  []line          `json:"lines"`
	Notes  map[string]note `json:"notes,omitempty"`
	First  *line           `json:"first,omitempty"`
	Total  float64         `json:"total"`
	Coupon string          `json:"coupon,omitempty"`
	Extra
}

type note struct {
	Text string `json:"text"`
}

type Extra struct {
	Seen time.Time `json:"seen,omitzero"`
	Pair [2]note   `json:"pair,omitzero"`
	N    int       `json:"n,string,omitzero"`
}

type level2 struct {
	Qty int `json:"qty"`
}

// edited is an Edit of the value v of JSON, "" for a missing one, as JSON.
func edited[T any](fn func(*T) error) func(t *testing.T, v string) (string, error) {
	return func(t *testing.T, v string) (string, error) {
		t.Helper()
		if v != "" {
			v = `,"v":` + v
		}
		d := loads(t, `{"before":1E5`+v+`,"after": [1 ,2]}`)
		was := dumps(t, d)
		d2, err := serializer.Edit(d, serializer.JSON{}, "v", fn)
		if dumps(t, d) != was || err != nil && d2 != d {
			t.Errorf("the Dict itself was changed")
		}
		text := dumps(t, d2)
		if !strings.HasPrefix(text, `{"before":1E5,`) || !strings.Contains(text, `"after":[1 ,2]`) {
			t.Errorf("other keys were changed: %s", text)
		}
		raw, _ := maps.Collect(d2.AllStored())["v"].(serializer.RawJSON)
		return string(raw), err
	}
}

func TestEdit(t *testing.T) {
	const lines = `[{"sku":"a","qty":1,"gift":true},{"sku":"b","qty":2,"price": 1.50},{"sku":"c","qty":3}]`
	items := func(fn func([]line) []line) func(*testing.T, string) (string, error) {
		return edited(func(v *[]line) error { *v = fn(*v); return nil })
	}
	qty := func(fn func([]level2) []level2) func(*testing.T, string) (string, error) {
		return edited(func(v *[]level2) error { *v = fn(*v); return nil })
	}
	for _, tt := range []struct {
		name string
		edit func(*testing.T, string) (string, error)
		v    string
		want string
	}{
		{"a number", edited(func(n *int) error { *n++; return nil }), `1`, `2`},
		{"a missing number", edited(func(n *int) error { *n++; return nil }), ``, `1`},
		{"a missing one set to zero", edited(func(n *int) error { *n = 0; return nil }), ``, `0`},
		{"a missing map that stays nil", edited(func(m *map[string]int) error { delete(*m, "a"); return nil }), ``, ``},
		{"a missing struct", edited(func(l *line) error { l.Qty = 2; return nil }), ``, `{"sku":"","qty":2}`},
		{"nothing", edited(func(*basket) error { return nil }), `{"total" : 1E5, "x":1,"n":"7", "lines":null}`, `{"total" : 1E5, "x":1,"n":"7", "lines":null}`},
		{"one field", edited(func(b *basket) error { b.Coupon = "x"; return nil }), `{"total" : 1E5, "u":1, "coupon":"y"}`, `{"total":1E5,"u":1,"coupon":"x"}`},
		{"a new field", edited(func(b *basket) error { b.Coupon = "x"; return nil }), `{"u":1}`, `{"u":1,"coupon":"x"}`},
		{"an omitted field goes", edited(func(b *basket) error { b.Coupon = ""; return nil }), `{"coupon":"y","u":1}`, `{"u":1}`},
		{"an empty field that was there stays", edited(func(b *basket) error { b.Total = 2; return nil }), `{"coupon":"","u":1}`, `{"coupon":"","u":1,"total":2.0}`},
		{"the whole struct", edited(func(b *basket) error { *b = basket{Total: 1}; return nil }), `{"coupon":"y","u":1,"lines":[]}`, `{"u":1,"lines":null,"total":1.0}`},
		{"embedded, by the option string", edited(func(b *basket) error { b.N++; return nil }), `{"n":"7","u":1}`, `{"n":"8","u":1}`},
		{"an array", edited(func(b *basket) error { b.Pair[1].Text = "z"; return nil }), `{"pair":[{"text":"a","u":1},{"text":"b","u":2}]}`, `{"pair":[{"text":"a","u":1},{"text":"z","u":2}]}`},
		{"a pointer", edited(func(b *basket) error { b.First.Qty = 9; return nil }), `{"first":{"sku":"a","qty":1,"u":1}}`, `{"first":{"sku":"a","qty":9,"u":1}}`},
		{"a new pointer", edited(func(b *basket) error { b.First = &line{"a", 1}; return nil }), `{"first":null}`, `{"first":{"sku":"a","qty":1}}`},
		{"a time that is left alone", edited(func(b *basket) error { b.Total = 1; return nil }), `{"seen":"2030-01-02T03:04:05Z"}`, `{"seen":"2030-01-02T03:04:05Z","total":1.0}`},
		{"any", edited(func(v *map[string]any) error { (*v)["a"] = 2; return nil }), `{"a":1,"b":1E5}`, `{"a":2,"b":1E5}`},

		{"a struct in a map", edited(func(b *basket) error { b.Notes["b"] = note{"z"}; return nil }),
			`{"notes":{"a":{"text":"x","u":1},"b":{"text":"y","u":[1 ]}}}`, `{"notes":{"a":{"text":"x","u":1},"b":{"text":"z","u":[1 ]}}}`},
		{"keys of a map come and go", edited(func(b *basket) error {
			delete(b.Notes, "a")
			b.Notes["d"], b.Notes["c"] = note{"d"}, note{"c"}
			return nil
		}), `{"notes":{"a":{"text":"x","u":1},"b":{"text":"y","u":2}}}`, `{"notes":{"b":{"text":"y","u":2},"c":{"text":"c"},"d":{"text":"d"}}}`},
		{"a map of ints", edited(func(m *map[int]note) error { (*m)[7] = note{"z"}; (*m)[10] = note{"n"}; return nil }),
			`{"7":{"text":"x","u":1},"8":{"text":"y","u":2}}`, `{"7":{"text":"z","u":1},"8":{"text":"y","u":2},"10":{"text":"n"}}`},

		{"an element", items(func(l []line) []line { l[1].Qty++; return l }), lines,
			`[{"sku":"a","qty":1,"gift":true},{"sku":"b","qty":3,"price":1.50},{"sku":"c","qty":3}]`},
		{"all elements", items(func(l []line) []line {
			for i := range l {
				l[i].Qty++
			}
			return l
		}), lines, `[{"sku":"a","qty":2,"gift":true},{"sku":"b","qty":3,"price":1.50},{"sku":"c","qty":4}]`},
		{"appended", items(func(l []line) []line { return append(l, line{"d", 4}) }), lines, lines[:len(lines)-1] + `,{"sku":"d","qty":4}]`},
		{"appended and changed", items(func(l []line) []line { l[0].Qty = 9; return append(l, line{"d", 4}) }), lines,
			`[{"sku":"a","qty":9,"gift":true},{"sku":"b","qty":2,"price": 1.50},{"sku":"c","qty":3},{"sku":"d","qty":4}]`},
		{"put in front, and changed", items(func(l []line) []line { l[0].Qty = 9; return append([]line{{"d", 1}}, l...) }), lines,
			`[{"sku":"d","qty":1},{"sku":"a","qty":9,"gift":true},{"sku":"b","qty":2,"price": 1.50},{"sku":"c","qty":3}]`},
		{"removed", items(func(l []line) []line { return slices.Delete(l, 0, 1) }), lines, `[{"sku":"b","qty":2,"price": 1.50},{"sku":"c","qty":3}]`},
		{"removed and changed", items(func(l []line) []line { l = slices.Delete(l, 0, 1); l[0].Qty = 9; return l }), lines,
			`[{"sku":"b","qty":9,"price":1.50},{"sku":"c","qty":3}]`},
		{"the oldest for a new one", items(func(l []line) []line { return append(l[1:], line{"d", 1}) }), lines,
			`[{"sku":"b","qty":2,"price": 1.50},{"sku":"c","qty":3},{"sku":"d","qty":1}]`},
		{"turned over and changed", items(func(l []line) []line { slices.Reverse(l); l[2].Qty = 9; return l }), lines,
			`[{"sku":"c","qty":3},{"sku":"b","qty":2,"price": 1.50},{"sku":"a","qty":9,"gift":true}]`},
		{"another key, at its place", items(func(l []line) []line { l[0] = line{"z", 9}; return l }), lines,
			`[{"sku":"z","qty":9,"gift":true},{"sku":"b","qty":2,"price": 1.50},{"sku":"c","qty":3}]`},
		{"all others", items(func([]line) []line { return []line{{"z", 9}} }), lines, `[{"sku":"z","qty":9}]`},
		{"none", items(func([]line) []line { return []line{} }), lines, `[]`},
		{"nil", items(func([]line) []line { return nil }), lines, `null`},
		{"made anew", items(func(l []line) []line {
			var n []line
			for _, e := range l[1:] {
				n = append(n, line{strings.Clone(e.SKU), e.Qty})
			}
			return n
		}), lines, `[{"sku":"b","qty":2,"price": 1.50},{"sku":"c","qty":3}]`},
		{"the same twice", items(func(l []line) []line { return append(l[:1], l[0]) }), lines, `[{"sku":"a","qty":1,"gift":true},{"sku":"a","qty":1}]`},
		{"pointers", edited(func(v *[]*level2) error { *v = append((*v)[1:], &level2{5}); (*v)[0].Qty++; return nil }),
			`[{"qty":1,"u":1},{"qty":2,"u":2}]`, `[{"qty":3,"u":2},{"qty":5}]`},
		{"lists in lists", edited(func(v *[][]line) error { (*v)[1] = append((*v)[1][1:], line{"z", 1}); return nil }),
			`[[],[{"sku":"a","qty":1},{"sku":"b","qty":1,"u":2}]]`, `[[],[{"sku":"b","qty":1,"u":2},{"sku":"z","qty":1}]]`},

		{"without a trace, in place", qty(func(l []level2) []level2 { l[0].Qty++; return l }), `[{"qty":1,"u":1},{"qty":1,"u":2}]`, `[{"qty":2,"u":1},{"qty":1,"u":2}]`},
		{"without a trace, appended", qty(func(l []level2) []level2 { l[1].Qty++; return append(l, level2{7}) }), `[{"qty":1,"u":1},{"qty":1,"u":2}]`,
			`[{"qty":1,"u":1},{"qty":2,"u":2},{"qty":7}]`},
		{"without a trace, removed", qty(func(l []level2) []level2 { return l[1:] }), `[{"qty":1,"u":1},{"qty":2,"u":2},{"qty":3}]`, `[{"qty":2,"u":2},{"qty":3}]`},
		{"without a trace, nothing to lose", qty(func(l []level2) []level2 { l[1].Qty = 9; return l[1:] }), `[{"qty":1},{"qty":1}]`, `[{"qty":9}]`},
		{"equal and the same", qty(func(l []level2) []level2 { return l[1:] }), `[{"qty":1,"u":1},{"qty":1,"u":1}]`, `[{"qty":1,"u":1}]`},
		{"plain elements", edited(func(v *[]string) error { *v = append((*v)[1:], "d"); return nil }), `["a","\u0062" ,"c"]`, `["\u0062","c","d"]`},
		{"plain elements of any", edited(func(v *[]any) error { *v = append((*v)[1:], 1); return nil }), `["a",1E5 ,[]]`, `[1E5,[],1]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.edit(t, tt.v)
			if err != nil || got != tt.want {
				t.Errorf("got %s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

func TestEditFails(t *testing.T) {
	sorry := errors.New("sorry")
	for _, tt := range []struct {
		name string
		edit func(*testing.T, string) (string, error)
		v    string
		err  error
		text string
	}{
		{"an error of fn", edited(func(b *basket) error { b.Total = 7; return sorry }), `{"total":1.0}`, sorry, "sorry"},
		{"an error of fn for a missing value", edited(func(b *basket) error { b.Total = 7; return sorry }), ``, sorry, "sorry"},
		{"another type", edited(func(*int) error { t.Error("called"); return nil }), `"a"`, serializer.ErrType, "v: str does not fit int"},
		{"a value that cannot be written", edited(func(v *[]any) error { (*v)[1] = make(chan int); return nil }), `[1,2]`, serializer.ErrType, "v[1]: a Go chan int"},
		{"a missing one that cannot be written", edited(func(v *any) error { *v = make(chan int); return nil }), ``, serializer.ErrType, "v: a Go chan int"},
		{"which one was removed", edited(func(v *[]level2) error { *v = (*v)[1:]; return nil }), `[{"qty":1,"u":1},{"qty":1,"u":2}]`, serializer.ErrType, "v: which elements"},
		{"which one was removed, and changed", edited(func(v *[]level2) error { *v = []level2{{9}}; return nil }), `[{"qty":1,"u":1},{"qty":2,"u":2}]`, serializer.ErrType, "pointers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.edit(t, tt.v)
			if !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.text) || got != tt.v {
				t.Errorf("got %s, error %v", got, err)
			}
		})
	}
}

// What fn made is frozen: changing it later changes nothing.
func TestEditTakesASnapshot(t *testing.T) {
	var kept []line
	d, err := serializer.Edit(loads(t, `{"v":[{"sku":"a","qty":1}]}`), serializer.JSON{}, "v", func(v *[]line) error {
		*v = append(*v, line{"b", 2})
		kept = *v
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	kept[0].Qty, kept[1].Qty = 9, 9
	if got, want := dumps(t, d), `{"v":[{"sku":"a","qty":1},{"sku":"b","qty":2}]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
