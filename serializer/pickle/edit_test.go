package pickle_test

import (
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// Edit of a pickled session changes one number. All else keeps its Python type, in the
// value that is changed and beside it.
func TestEditKeepsTypes(t *testing.T) {
	item := func(k, v any) serializer.Item { return serializer.Item{Key: k, Value: v} }
	noon := serializer.NewDateTime(time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC))
	noon.Zone = serializer.ZoneInfo{Key: "Europe/Vienna"}
	cart := func(qty int64) *serializer.Dict {
		return serializer.NewDict(
			item("lines", serializer.Tuple{
				serializer.NewDict(item("sku", serializer.SafeString{Text: "a"}), item("qty", qty), item("price", serializer.Decimal("1.50"))),
				&serializer.OrderedDict{Dict: serializer.NewDict(item("sku", "b"), item("qty", int64(2)), item("tags", serializer.FrozenSet{"x"}))},
			}),
			item("by id", &serializer.DefaultDict{Factory: serializer.Global{Module: "builtins", Name: "int"},
				Dict: serializer.NewDict(item(int64(7), serializer.NewDict(item("at", noon), item("qty", qty))), item(int64(8), serializer.NewDict(item("raw", serializer.Bytes("x")))))}),
			item("at", noon), item("took", serializer.TimeDelta{Days: 1}), item(int64(3), serializer.Set{int64(1)}),
		)
	}
	session := func(qty int64) *serializer.Dict {
		return serializer.NewDict(item("other", serializer.Tuple{serializer.Decimal("2.0"), noon}), item("cart", cart(qty)), item(int64(5), serializer.Bytes("five")))
	}
	write := func(d *serializer.Dict) []byte {
		data, err := pickle.Serializer{}.Dumps(nil, d)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	// again has what is one object in Python one in both.
	again := func(data []byte) string {
		v, err := pickle.Load(data, nil)
		if err != nil {
			t.Fatal(err)
		}
		frozen, err := serializer.Freeze(v, serializer.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		data, err = pickle.Append(nil, frozen, nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	type line struct {
		SKU string `json:"sku"`
		Qty int    `json:"qty"`
	}
	type entry struct {
		At  time.Time `json:"at"`
		Qty int       `json:"qty,omitempty"`
	}
	type typed struct {
		Lines []line        `json:"lines"`
		ByID  map[int]entry `json:"by id"`
		At    time.Time     `json:"at"`
		Took  time.Duration `json:"took"`
	}
	d, err := pickle.Serializer{}.Loads(write(session(1)))
	if err != nil {
		t.Fatal(err)
	}
	d, err = serializer.Edit(d, pickle.Serializer{}, "cart", func(c *typed) error {
		c.Lines[0].Qty++
		e := c.ByID[7]
		e.Qty++
		c.ByID[7] = e
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := again(write(d)), again(write(session(2))); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
