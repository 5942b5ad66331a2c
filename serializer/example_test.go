package serializer_test

import (
	"fmt"

	"github.com/go-djsession/go-djsession/serializer"
)

func Example() {
	var j serializer.JSON
	d, err := j.Loads([]byte(`{"visits":1,"cart":[{"sku":"A-1"}]}`))
	if err != nil {
		panic(err)
	}
	visits, err := serializer.Field(d, "visits", 0)
	if err != nil {
		panic(err)
	}
	frozen, err := j.Freeze(visits + 1)
	if err != nil {
		panic(err)
	}
	out, err := j.Dumps(nil, d.With("visits", frozen))
	fmt.Println(string(out), err)
	// Output: {"visits":2,"cart":[{"sku":"A-1"}]} <nil>
}
