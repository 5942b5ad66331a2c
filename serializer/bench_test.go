package serializer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-djsession/go-djsession/fixtures"
	"github.com/go-djsession/go-djsession/serializer"
)

// The texts that a real Django encoded: a login (172 bytes), and logins with two
// kilobytes of strings and of nested values.
func eachPayload(b *testing.B, f func(b *testing.B, p fixtures.Benchmark)) {
	payloads, err := fixtures.Benchmarks()
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range payloads {
		if p.Name == "login_uncompressed" { // the same text
			continue
		}
		b.Run(p.Name, func(b *testing.B) {
			b.SetBytes(int64(len(p.JSON)))
			b.ReportAllocs()
			f(b, p)
		})
	}
}

func BenchmarkLoads(b *testing.B) {
	eachPayload(b, func(b *testing.B, p fixtures.Benchmark) {
		data := []byte(p.JSON)
		for b.Loop() {
			if _, err := (serializer.JSON{}).Loads(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkLoadsAndReadLogin(b *testing.B) {
	eachPayload(b, func(b *testing.B, p fixtures.Benchmark) {
		data := []byte(p.JSON)
		for b.Loop() {
			d, err := (serializer.JSON{}).Loads(data)
			if err != nil {
				b.Fatal(err)
			}
			for _, key := range p.LoginKeys {
				if _, err := serializer.Field(d, key, ""); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkDumps(b *testing.B) {
	eachPayload(b, func(b *testing.B, p fixtures.Benchmark) {
		d, err := serializer.JSON{}.Loads([]byte(p.JSON))
		if err != nil {
			b.Fatal(err)
		}
		buf := make([]byte, 0, len(p.JSON))
		for b.Loop() {
			if _, err := (serializer.JSON{}).Dumps(buf, d); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCart(b *testing.B) {
	const text = `{"cart":{"currency":"EUR","items":[` +
		`{"sku":"A-0001","qty":1,"price":9.5,"gift":false},{"sku":"A-0002","qty":2,"price":12.25,"gift":true}]}}`
	d, err := serializer.JSON{}.Loads([]byte(text))
	if err != nil {
		b.Fatal(err)
	}
	type item struct {
		SKU   string  `json:"sku"`
		Qty   int     `json:"qty"`
		Price float64 `json:"price"`
		Gift  bool    `json:"gift"`
	}
	type cart struct {
		Currency string `json:"currency"`
		Items    []item `json:"items"`
	}
	b.Run("Get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d.Get("cart")
		}
	})
	b.Run("Field", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := serializer.Field(d, "cart", cart{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Freeze", func(b *testing.B) {
		c, _ := serializer.Field(d, "cart", cart{})
		b.ReportAllocs()
		for b.Loop() {
			if _, err := (serializer.JSON{}).Freeze(c); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkAll reads all values of a session of lists and dicts.
func BenchmarkAll(b *testing.B) {
	for _, n := range []int{15, 75, 750, 7500} {
		data := []byte(cartOf(n))
		b.Run(fmt.Sprintf("%dKB/Get", len(data)/1000), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				d, err := serializer.JSON{}.Loads(data)
				if err != nil {
					b.Fatal(err)
				}
				for range d.All() {
				}
			}
		})
		b.Run(fmt.Sprintf("%dKB/map", len(data)/1000), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				d, err := serializer.JSON{}.Loads(data)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := serializer.Field[map[string]any](d, "cart", nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// cartOf returns the JSON of a session with a cart of n items.
func cartOf(n int) string {
	var b strings.Builder
	b.WriteString(`{"_auth_user_id":"1","cart":{"currency":"EUR","items":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"sku":"SKU-%05d","name":"Article number %d","qty":%d,"price":%d.%02d,"gift":%t,"tags":["a%d","new"],"note":null}`,
			i, i*7919%10007, i%9+1, i*31%100, i*17%100, i%3 == 0, i%5)
	}
	b.WriteString("]}}")
	return b.String()
}
