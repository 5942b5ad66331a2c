package main

import (
	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// anySerializer reads JSON and pickles, and writes a session as it came: the
// values are in JSON, unless it was read from a pickle. A pickle is read without
// running anything, so that this is safe for data that nobody signed.
type anySerializer struct{ serializer.JSON } // whose Freeze will do for both

func (s anySerializer) Loads(data []byte) (*serializer.Dict, error) {
	if isPickle(data) {
		return pickle.Serializer{}.Loads(data)
	}
	return s.JSON.Loads(data)
}

func (s anySerializer) Dumps(dst []byte, d *serializer.Dict) ([]byte, error) {
	if wasPickle(d) {
		return pickle.Serializer{}.Dumps(dst, d)
	}
	return s.JSON.Dumps(dst, d)
}

// wasPickle reports whether d was read from a pickle: a Dict from JSON has no
// Source.
func wasPickle(d *serializer.Dict) bool {
	source, _ := d.Source()
	return source != nil
}

// isPickle tells a pickle, perhaps a damaged one, from JSON.
func isPickle(data []byte) bool {
	n := len(data)
	return pickle.Sniff(data) || n > 2 && data[0] == 0x80 && data[1] >= 2 && data[1] <= pickle.MaxProtocol && data[n-1] == '.'
}

// pickleFor is the PickleSerializer of a version of Django, which may run on a
// Python 2 before 2.0.
func pickleFor(v djsession.DjangoVersion) pickle.Serializer {
	if (v != djsession.DjangoVersion{}) && v.Before(2, 0) {
		return pickle.Serializer{Protocol: 2}
	}
	return pickle.Serializer{}
}
