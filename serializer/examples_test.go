package serializer_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
)

func ExampleField() {
	d, _ := serializer.JSON{}.Loads([]byte(`{"cart":{"items":[{"sku":"A-1","price":9.5},{"sku":"A-2","price":"free"}]}}`))
	type item struct {
		SKU   string  `json:"sku"`
		Price float64 `json:"price"`
	}
	type cart struct {
		Items []item `json:"items"`
	}
	_, err := serializer.Field(d, "cart", cart{})
	fmt.Println(err)

	var ce *serializer.ConvertError
	fmt.Println(errors.As(err, &ce), ce.Path)

	language, err := serializer.Field(d, "language", "en")
	fmt.Println(language, err)
	// Output:
	// serializer: wrong type: cart.items[1].price: str does not fit float64
	// true cart.items[1].price
	// en <nil>
}

func ExampleConvert() {
	d, _ := serializer.JSON{}.Loads([]byte(`{"tags":["a","b"],"ratio":1.0}`))
	v, _ := d.Get("tags")
	tags, err := serializer.Convert[[]string](v)
	fmt.Println(tags, err)

	v, _ = d.Get("ratio")
	_, err = serializer.Convert[int](v)
	fmt.Println(err)
	// Output:
	// [a b] <nil>
	// serializer: wrong type: float does not fit int
}

func ExampleJSON_Freeze() {
	v, err := serializer.JSON{}.Freeze(map[string]any{
		"price": 10.0,
		"name":  "Café",
		"until": time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
	})
	fmt.Println(v, err)
	// Output: {"name":"Caf\u00e9","price":10.0,"until":"2030-01-02T03:04:05+00:00"} <nil>
}

func ExampleJSON_Loads() {
	_, err := serializer.JSON{}.Loads([]byte(`{"a":1,}`))
	fmt.Println(err)
	// Output: serializer: invalid syntax at offset 7: no key
}

func ExampleDict() {
	d := serializer.NewDict(serializer.Item{Key: "b", Value: 1}, serializer.Item{Key: "a", Value: 2})
	changed := d.With("b", 3).With("c", 4)
	for k, v := range changed.All() {
		fmt.Println(k, v)
	}
	fmt.Println(d.Len(), d.Has("c"))
	// Output:
	// b 3
	// a 2
	// c 4
	// 2 false
}

func ExampleFromMap() {
	d := serializer.FromMap(map[string]any{"visits": 1, "color": "green"})
	for name, value := range d.All() {
		fmt.Println(name, value)
	}
	// Output:
	// color green
	// visits 1
}

func ExampleAppendText() {
	d, _ := serializer.JSON{}.Loads([]byte(`{"name":"Caf\u00e9","cart":[1,{}]}`))
	out, err := serializer.AppendText(nil, d, "  ")
	fmt.Println(string(out), err)
	// Output:
	// {
	//   "name": "Caf\u00e9",
	//   "cart": [
	//     1,
	//     {}
	//   ]
	// } <nil>
}
