package pickle_test

import (
	"fmt"

	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// A session of Django's PickleSerializer: one key changes, and the others stay as Python
// wrote them. Nothing of the pickle is run.
func Example() {
	stored, err := pickle.Append(nil, map[string]any{"visits": 1, "tags": []string{"a", "b"}}, nil)
	if err != nil {
		panic(err)
	}

	var format pickle.Serializer
	session, err := format.Loads(stored)
	if err != nil {
		panic(err)
	}
	visits, err := serializer.Field(session, "visits", 0)
	if err != nil {
		panic(err)
	}
	changed, err := format.Dumps(nil, session.With("visits", visits+1))
	if err != nil {
		panic(err)
	}

	v, err := pickle.Load(changed, nil)
	if err != nil {
		panic(err)
	}
	again := v.(*serializer.Dict)
	visits, err = serializer.Field(again, "visits", 0)
	fmt.Println(visits, err)
	tags, err := serializer.Field(again, "tags", []string(nil))
	fmt.Println(tags, err)
	// Output:
	// 2 <nil>
	// [a b] <nil>
}
