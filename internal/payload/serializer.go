package payload

import (
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// Any reads JSON and pickles, and writes a session as it came: as JSON, unless it was
// read from a pickle. It runs nothing of a pickle, so it is safe for data that nobody
// signed.
type Any struct{ serializer.JSON } // whose Freeze will do for both

// Loads implements serializer.Serializer.
func (s Any) Loads(data []byte) (*serializer.Dict, error) {
	if IsPickle(data) {
		return pickle.Serializer{}.Loads(data)
	}
	return s.JSON.Loads(data)
}

// Dumps implements serializer.Serializer.
func (s Any) Dumps(dst []byte, d *serializer.Dict) ([]byte, error) {
	if WasPickle(d) {
		return pickle.Serializer{}.Dumps(dst, d)
	}
	return s.JSON.Dumps(dst, d)
}

// WasPickle reports whether d was read from a pickle: a Dict from JSON has no
// Source.
func WasPickle(d *serializer.Dict) bool {
	source, _ := d.Source()
	return source != nil
}

// IsPickle reports whether data are a pickle, perhaps a damaged one, and not JSON.
func IsPickle(data []byte) bool {
	n := len(data)
	return pickle.Sniff(data) || n > 2 && data[0] == 0x80 && data[1] >= 2 && data[1] <= pickle.MaxProtocol && data[n-1] == '.'
}

// PickleFor is the PickleSerializer of a version of Django, which may run on a
// Python 2 before 2.0.
func PickleFor(v djsession.DjangoVersion) pickle.Serializer {
	if (v != djsession.DjangoVersion{}) && v.Before(2, 0) {
		return pickle.Serializer{Protocol: 2}
	}
	return pickle.Serializer{}
}
