package rediscache

import (
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// Herd returns the Serializer for values of django_redis.client.HerdClient. They are
// pickles of (Marker(), dict, end). The end is in seconds since 1970, and the key in
// Redis lives CACHE_HERD_TIMEOUT longer. Herd also reads plain dicts, as the HerdClient
// does, and writes plain dicts, which the HerdClient reads without loss. now is the clock
// of the site.
//
// Unlike the HerdClient, which after the end returns a session to some readers and not to
// others until the herd timeout, Loads then always returns [djsession.ErrExpired].
func Herd(inner pickle.Serializer, now func() time.Time) serializer.Serializer {
	return herd{inner, now}
}

type herd struct {
	pickle.Serializer
	now func() time.Time
}

// herdSource is the protocol of the tuple that held a Dict.
type herdSource int

// Loads implements serializer.Serializer.
//
// Errors: also djsession.ErrExpired.
func (h herd) Loads(data []byte) (*serializer.Dict, error) {
	d, err := h.Serializer.Loads(data)
	if !errors.Is(err, serializer.ErrNotDict) {
		return d, err
	}
	v, err := pickle.Load(data, &pickle.Options{Limits: h.Limits})
	if err != nil {
		return nil, err
	}
	notHerd := &serializer.DecodeError{Reason: "the value is no dict, nor the tuple of a HerdClient", Err: serializer.ErrNotDict}
	t, ok := v.(serializer.Tuple)
	if !ok || len(t) != 3 {
		return nil, notHerd
	}
	marker, ok := t[0].(*serializer.Object)
	if !ok || !marker.Is("django_redis.client.herd", "Marker") {
		return nil, notHerd
	}
	if d, ok = t[1].(*serializer.Dict); !ok {
		return nil, notHerd
	}
	over, ok := passed(t[2], h.now().Unix())
	switch {
	case !ok:
		return nil, notHerd
	case over:
		return nil, fmt.Errorf("read the tuple of a HerdClient: %w", djsession.ErrExpired)
	}
	protocol := 0
	if len(data) > 1 && data[0] == 0x80 { // the opcode PROTO
		protocol = int(data[1])
	}
	return pydict.WithSource(frozen(d), herdSource(protocol)), nil
}

// frozen returns d with values of which each access gets a copy, as in every Dict that a
// Serializer reads.
func frozen(d *serializer.Dict) *serializer.Dict {
	items := make([]serializer.Item, 0, d.Len())
	for key, v := range d.AllStored() {
		switch v.(type) {
		case nil, bool, int64, float64, string:
		default:
			v = pydict.Hold(v)
		}
		items = append(items, serializer.Item{Key: key, Value: v})
	}
	return serializer.NewDict(items...)
}

// passed is end < now.
func passed(end any, now int64) (over, ok bool) {
	switch end := end.(type) {
	case int64:
		return end < now, true
	case *big.Int:
		return end.Sign() < 0, true
	case float64:
		return end < float64(now), true
	}
	return false, false
}

// Dumps implements serializer.Serializer.
func (h herd) Dumps(dst []byte, d *serializer.Dict) ([]byte, error) {
	source, _ := pydict.Source(d)
	if protocol, ok := source.(herdSource); ok {
		return pickle.Append(dst, d, &pickle.Options{Protocol: max(int(protocol), 2), Limits: h.Limits})
	}
	return h.Serializer.Dumps(dst, d)
}
