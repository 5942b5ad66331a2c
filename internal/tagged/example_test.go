package tagged_test

import (
	"fmt"

	"github.com/go-djsession/go-djsession/internal/tagged"
	"github.com/go-djsession/go-djsession/serializer"
)

func ExampleAppend() {
	d, _ := serializer.JSON{}.Loads([]byte(`{"n":[1,1.0,"1"]}`))
	v, _ := d.Get("n")
	out, err := tagged.Append(nil, v)
	fmt.Println(string(out), err)
	// Output: {"type":"list","value":[{"type":"int","value":"1"},{"type":"float","value":"1.0"},{"type":"str","value":"1"}]} <nil>
}
