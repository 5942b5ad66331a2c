package signer

import (
	"bytes"
	"encoding/json"
	"reflect"
	"unicode/utf8"

	"github.com/go-djsession/go-djsession/fixtures"
)

// checkJSON compares what the JSON of an object means with the object. That every byte is right is for package serializer to check.
func (v vector) checkJSON(data []byte, want fixtures.Tagged) {
	v.t.Helper()
	dec := json.NewDecoder(bytes.NewReader(latin1(data)))
	dec.UseNumber()
	var got any
	if err := dec.Decode(&got); err != nil {
		v.t.Fatalf("%s: %v", v.Why, err)
	}
	if want := v.plain(want); !reflect.DeepEqual(got, want) {
		v.t.Errorf("%s: %v, want %v", v.Why, got, want)
	}
}

// latin1 gives data in UTF-8 as Django's JSONSerializer understands it.
func latin1(data []byte) []byte {
	var out []byte
	for _, c := range data {
		out = utf8.AppendRune(out, rune(c))
	}
	return out
}

// plain gives what encoding/json would read for a value.
func (v vector) plain(tag fixtures.Tagged) any {
	var err error
	var result any
	switch tag.Type {
	case "none":
	case "bool":
		var b bool
		err = json.Unmarshal(tag.Value, &b)
		result = b
	case "int", "float":
		var s string
		err = json.Unmarshal(tag.Value, &s)
		result = json.Number(s)
	case "str":
		result, err = tag.Text()
	case "list":
		var items []fixtures.Tagged
		err = json.Unmarshal(tag.Value, &items)
		list := []any{}
		for _, item := range items {
			list = append(list, v.plain(item))
		}
		result = list
	case "dict", "unordered-dict":
		var items [][2]fixtures.Tagged
		err = json.Unmarshal(tag.Value, &items)
		dict := map[string]any{}
		for _, item := range items {
			dict[v.plain(item[0]).(string)] = v.plain(item[1])
		}
		result = dict
	default:
		v.t.Fatalf("unknown type %q", tag.Type)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	return result
}
