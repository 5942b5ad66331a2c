// Package cachevalue is shared by the caches that keep pickles. It pickles the dict of a
// session as Django's caches do, within the limits of a Site.
package cachevalue

import (
	"errors"
	"fmt"
	"sync"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/deflate"
	"github.com/go-djsession/go-djsession/internal/inflate"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// Codec pickles within the limits of a Site.
type Codec struct {
	limits   serializer.Limits
	protocol int
}

// New returns the [Codec] of site.
func New(site *djsession.Site) Codec {
	c := Codec{site.Limits().Data, pickle.DefaultProtocol}
	if site.Settings().Django.Before(2, 0) { // it may run on Python 2
		c.protocol = 2
	}
	return c
}

// Serializer returns the format of new dicts.
func (c Codec) Serializer() serializer.Serializer {
	return pickle.Serializer{Limits: c.limits, Protocol: c.protocol}
}

// Dumps is pickle.dumps, with the protocol that d was read with. For a new dict it is 4,
// or 2 before Django 2.0.
//
// Errors: [djsession.ErrTooLarge], or the error of encoding d.
func (c Codec) Dumps(doing string, d *serializer.Dict) ([]byte, error) {
	data, err := c.Serializer().Dumps(nil, d)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: serialize session: %w", doing, err)
	case len(data) > c.limits.Size:
		return nil, fmt.Errorf("%s: %w", doing, djsession.ErrTooLarge)
	}
	return data, nil
}

// Loads is pickle.loads of a dict. The caller must not change data afterwards.
//
// Errors: [djsession.ErrCorrupt].
func (c Codec) Loads(doing string, data []byte) (*serializer.Dict, error) {
	d, err := pickle.Serializer{Limits: c.limits}.Loads(data)
	if err != nil {
		return nil, djsession.Corrupt(doing, err)
	}
	return d, nil
}

var (
	compressors   = sync.Pool{New: func() any { return new(deflate.Compressor) }}
	decompressors = sync.Pool{New: func() any { return new(inflate.Decoder) }}
)

// Compress is zlib.compress with the default level. The output is the same, byte for byte.
func Compress(dst, data []byte) []byte {
	c := compressors.Get().(*deflate.Compressor)
	defer compressors.Put(c)
	return c.AppendZlib(dst, data)
}

// Decompress is zlib.decompress, up to the limit of the data.
//
// Errors: [djsession.ErrCorrupt].
func (c Codec) Decompress(doing string, data []byte) ([]byte, error) {
	d := decompressors.Get().(*inflate.Decoder)
	defer decompressors.Put(d)
	out, err := d.AppendZlib(nil, data, c.limits.Size)
	if errors.Is(err, inflate.ErrTooLarge) {
		err = djsession.ErrTooLarge
	}
	if err != nil {
		return nil, djsession.Corrupt(doing, err)
	}
	return out, nil
}
