package payload

import (
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/pydict"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// Any reads JSON and pickles. It writes a session as it was read: a session from a pickle
// as a pickle, any other as JSON. It never runs code from a pickle, so it is safe for
// unsigned data.
type Any struct{ serializer.JSON } // its Freeze fits both

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

// WasPickle reports whether d was read from a pickle: only such a Dict has a source.
func WasPickle(d *serializer.Dict) bool {
	source, _ := pydict.Source(d)
	return source != nil
}

// IsPickle reports whether data is a pickle, perhaps a damaged one, and not JSON.
func IsPickle(data []byte) bool {
	n := len(data)
	return pickle.Sniff(data) || n > 2 && data[0] == 0x80 && data[1] >= 2 && data[1] <= pickle.MaxProtocol && data[n-1] == '.'
}

// PickleFor returns the PickleSerializer of a version of Django. Before 2.0, Django may run
// on Python 2.
func PickleFor(v djsession.DjangoVersion) pickle.Serializer {
	if (v != djsession.DjangoVersion{}) && v.Before(2, 0) {
		return pickle.Serializer{Protocol: 2}
	}
	return pickle.Serializer{}
}
