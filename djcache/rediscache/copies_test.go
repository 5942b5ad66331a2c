package rediscache_test

import (
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// What a Dict hands out are copies, in whatever format it was read: a program that changes
// one changes neither what others get nor what is written.
func TestValuesAreCopies(t *testing.T) {
	const end = "\x8a\x05\xff\xe3\x0b\x54\x02" // in the year 2286
	// (Marker(), {"cart": cart, "same": cart}, end) with cart = [1, 2]
	herd := "\x80\x02cdjango_redis.client.herd\nMarker\n)\x81}(X\x04\x00\x00\x00cart]q\x01(K\x01K\x02eX\x04\x00\x00\x00sameh\x01u" + end + "\x87."
	plain := "\x80\x02}(X\x04\x00\x00\x00cart]q\x01(K\x01K\x02eX\x04\x00\x00\x00sameh\x01u."
	for _, test := range []struct {
		name   string
		format serializer.Serializer
		text   string
	}{
		{"herd", rediscache.Herd(pickle.Serializer{}, time.Now), herd},
		{"herd, a bare dict", rediscache.Herd(pickle.Serializer{}, time.Now), plain},
		{"pickle", pickle.Serializer{}, plain},
		{"pickle, compressed", rediscache.Zlib(pickle.Serializer{}, serializer.Limits{}), plain},
		{"JSON of sessions", serializer.JSON{}, `{"cart":[1,2],"same":[1,2]}`},
		{"JSON", rediscache.JSON{}, `{"cart": [1, 2], "same": [1, 2]}`},
		{"msgpack", rediscache.MsgPack{}, "\x82\xa4cart\x92\x01\x02\xa4same\x92\x01\x02"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := test.format.Loads([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			before, err := test.format.Dumps(nil, d.With("n", 1))
			if err != nil {
				t.Fatal(err)
			}
			spoil := func(v any) { v.([]any)[0] = int64(666) }
			for range 2 {
				v, _ := d.Get("cart")
				if v.([]any)[0] != int64(1) {
					t.Error("what Get returns is what somebody else has changed")
				}
				spoil(v)
			}
			for key, v := range d.All() {
				if key == "same" && v.([]any)[0] != int64(1) {
					t.Error("a value that is shared was changed with another")
				}
				spoil(v)
			}
			after, err := test.format.Dumps(nil, d.With("n", 1))
			if err != nil || string(after) != string(before) {
				t.Errorf("what is written has changed: %v", err)
			}
		})
	}
}
