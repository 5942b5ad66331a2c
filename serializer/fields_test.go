package serializer_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

// Shapes of structs. Each must be written with the names that encoding/json
// gives, and be read back.
type (
	Tags struct {
		Plain   int
		Renamed int `json:"name"`
		Dash    int `json:"-"`
		//lint:ignore SA5008 encoding/json allows it, so we read it alike
		Comma  int `json:"-,"`
		Odd    int `json:"a b/c.é"`
		Quoted int `json:"'x'"`
		hidden int
	}
	Empties struct {
		Bool   bool            `json:"bool,omitempty"`
		Int    int             `json:"int,omitempty"`
		Float  float64         `json:"float,omitempty"`
		String string          `json:"string,omitempty"`
		Slice  []int           `json:"slice,omitempty"`
		Map    map[string]int  `json:"map,omitempty"`
		Array  [0]int          `json:"array,omitempty"`
		Ptr    *int            `json:"ptr,omitempty"`
		Any    any             `json:"any,omitempty"`
		Struct struct{ X int } `json:"struct,omitempty"`
	}
	Zeros struct {
		Time   time.Time       `json:"time,omitzero"`
		Struct struct{ X int } `json:"struct,omitzero"`
		Slice  []int           `json:"slice,omitzero"`
		Custom never2          `json:"custom,omitzero"`
		Ptr    *never2         `json:"ptr,omitzero"`
	}
	Strings struct {
		Bool  bool    `json:"bool,string"`
		Int   int     `json:"int,string"`
		Uint  uint8   `json:"uint,string"`
		Float float32 `json:"float,string"`
		Text  string  `json:"text,string"`
		Ptr   *int    `json:"ptr,string"`
		//lint:ignore SA5008 encoding/json allows it, so we read it alike
		Slice []int   `json:"slice,string"`
		Nil   *string `json:"nil,string"`
	}
	Inner   struct{ A, B int }
	Deeper  struct{ C int }
	private struct{ D int }
	Embeds  struct {
		Inner
		*Deeper
		private
		B string
	}
	Named struct {
		Inner `json:"inner"`
		Level
	}
	Level int
	Left  struct{ X, L int }
	Right struct{ X, R int }
	// Ambiguous has two X at one depth: neither counts.
	Ambiguous struct {
		Left
		Right
	}
	LeftTag struct {
		Y int `json:"X"`
	}
	// Tagged has two X at one depth, one of them by its tag: that one counts.
	Tagged struct {
		LeftTag
		Right
	}
	// Twice embeds one struct by two ways.
	Twice struct {
		OneWay
		OtherWay
	}
	OneWay    struct{ Deeper }
	OtherWay  struct{ Deeper }
	Recursive struct {
		N int
		*Recursive
	}
)

// never2 says itself when it is zero: never.
type never2 struct{ N int }

func (never2) IsZero() bool { return false }

// shape is a struct with what must be true of it.
type shape struct {
	name  string
	v     any
	check func(t *testing.T, text string)
}

func shaped[T any](name string, v T) shape {
	return shape{name, v, func(t *testing.T, text string) {
		var want T
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		got, err := serializer.Convert[T](serializer.RawJSON(text))
		if err != nil {
			t.Fatalf("Convert(%s): %v", text, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("Convert(%s): got %+v, want %+v", text, got, want)
		}
	}}
}

func TestStructsAreThoseOfEncodingJSON(t *testing.T) {
	shapes := []shape{
		shaped("tags", Tags{Plain: 1, Renamed: 2, Dash: 3, Comma: 4, Odd: 5, Quoted: 6, hidden: 7}),
		shaped("omitempty, empty", Empties{}),
		shaped("omitempty, full", Empties{true, 1, 1.5, "x", []int{1}, map[string]int{"a": 1}, [0]int{}, ptr(0), "x", struct{ X int }{1}}),
		shaped("omitzero, zero", Zeros{}),
		shaped("omitzero, full", Zeros{Struct: struct{ X int }{1}, Slice: []int{}, Ptr: &never2{}}),
		shaped("string", Strings{true, -1, 2, 0.5, "a\"b", ptr(3), []int{1}, nil}),
		shaped("embedded", Embeds{Inner{1, 2}, &Deeper{3}, private{4}, "b"}),
		shaped("embedded nil", Embeds{B: "b"}),
		shaped("embedded with a name", Named{Inner{1, 2}, 3}),
		shaped("two of one name", Ambiguous{Left{1, 2}, Right{3, 4}}),
		shaped("two of one name, one tagged", Tagged{LeftTag{1}, Right{3, 4}}),
		shaped("one struct twice", Twice{OneWay{Deeper{1}}, OtherWay{Deeper{2}}}),
		shaped("recursive", Recursive{1, &Recursive{2, nil}}),
		shaped("no field at all", struct{}{}),
		shaped("anonymous", struct {
			A []struct{ B *int } `json:"a"`
		}{[]struct{ B *int }{{ptr(1)}, {}}}),
	}
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			std, err := json.Marshal(s.v)
			if err != nil {
				t.Fatal(err)
			}
			got := freeze(t, s.v)
			if want := freeze(t, json.RawMessage(std)); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			s.check(t, got)
		})
	}
}
