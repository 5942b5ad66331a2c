package filecache

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/atomicfile"
	"github.com/go-djsession/go-djsession/internal/cachevalue"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// suffix is FileBasedCache.cache_suffix.
const suffix = ".djcache"

func fileName(key string) string {
	sum := md5.Sum([]byte(key))
	return hex.EncodeToString(sum[:]) + suffix
}

// isName distinguishes the files of the cache from others, such as drafts.
func isName(name string) bool {
	sum, ok := strings.CutSuffix(name, suffix)
	_, err := hex.DecodeString(sum)
	return ok && len(sum) == 2*md5.Size && err == nil
}

// entry is the content of a file.
type entry struct {
	expires  time.Time // zero if the file is empty or bad is set
	bad      error     // why there is no expiry
	value    string    // the text behind the expiry; all of the text if bad is set
	whole    bool      // value is complete, and not too long
	protocol int       // of the pickle of the expiry
}

func (e entry) version() djsession.Version { return djsession.VersionOf(e.value) }

// headSize is more than the size of a pickle of a number.
const headSize = 64

// read returns the content of the file at path.
//
// Errors: fs.ErrNotExist, atomicfile.ErrIrregular, or another one of the operating
// system.
func (c *Cache) read(path string) (entry, error) {
	f, err := c.folder.Read(path, c.site.Limits().Payload+headSize, headSize)
	if err != nil {
		return entry{}, err
	}
	e := parse(f.Text)
	e.whole = f.Whole() && len(e.value) <= c.site.Limits().Payload
	return e, nil
}

// parse reads a file:
//
//  1. The pickle of a number, seconds since 1970, or of None.
//  2. The value.
func parse(text string) entry {
	if text == "" {
		return entry{}
	}
	head := text[:min(len(text), headSize)]
	v, rest, err := pickle.LoadPrefix([]byte(head), nil)
	if err != nil {
		return entry{bad: err, value: text}
	}
	e := entry{value: text[rest:], protocol: protocolOf(head)}
	switch v := v.(type) {
	case nil:
		e.expires = never
	case float64:
		e.expires = moment(v)
	case int64:
		e.expires = moment(float64(v))
	case *big.Int:
		n, _ := new(big.Float).SetInt(v).Float64()
		e.expires = moment(n)
	default:
		return entry{bad: errExpiry, value: text}
	}
	return e
}

var errExpiry = errors.New("the expiry is no number")

// never stands for None and for times that no clock will show. It is the last second of
// Python's datetime.
var never = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// moment returns the time of this many seconds since 1970. For NaN, which is not below
// any time, it returns never.
func moment(seconds float64) time.Time {
	switch {
	case math.IsNaN(seconds) || seconds >= float64(never.Unix()):
		return never
	case seconds < 0:
		return time.Unix(0, 0).UTC()
	}
	return time.UnixMicro(int64(math.Round(seconds * 1e6))).UTC()
}

// appendExpiry appends the pickle of t as a float.
func appendExpiry(dst []byte, t time.Time, protocol int) ([]byte, error) {
	seconds := float64(t.Truncate(time.Microsecond).UnixMicro()) / 1e6
	return pickle.Append(dst, seconds, &pickle.Options{Protocol: protocol})
}

// protocolOf returns the protocol that a pickle names, if this package writes it.
func protocolOf(pickled string) int {
	if len(pickled) < 2 || pickled[0] != 0x80 || pickled[1] < 2 || pickled[1] > pickle.MaxProtocol {
		return pickle.DefaultProtocol
	}
	return int(pickled[1])
}

// encode is FileBasedCache._write_content. The expiry has the protocol of the value:
// Django writes both with one.
func (c *Cache) encode(doing string, d *serializer.Dict, expires time.Time) (text string, v djsession.Version, err error) {
	data, err := c.codec.Dumps(doing, d)
	if err != nil {
		return "", djsession.Version{}, err
	}
	buf, err := appendExpiry(make([]byte, 0, headSize+len(data)), expires, protocolOf(string(data[:min(2, len(data))])))
	if err != nil {
		return "", djsession.Version{}, fmt.Errorf("%s: write the expiry: %w", doing, err)
	}
	n := len(buf)
	buf = cachevalue.Compress(buf, data)
	if len(buf)-n > c.site.Limits().Payload {
		return "", djsession.Version{}, fmt.Errorf("%s: %w", doing, djsession.ErrTooLarge)
	}
	text = string(buf)
	return text, djsession.VersionOf(text[n:]), nil
}

// over is FileBasedCache._is_expired. An empty file has expired.
//
// Unlike Django, which compares a float, an entry has expired at the very moment at which
// it ends, as sessions do.
func (c *Cache) over(e entry) bool {
	return e.bad == nil && !e.expires.After(c.site.Now())
}

// reapable reports whether the file at path may be deleted. A file that is gone or that
// cannot be read may not.
func (c *Cache) reapable(doing, path string) (bool, error) {
	f, err := c.folder.Read(path, 0, headSize)
	if err != nil {
		err = c.unread(doing, err)
		if errors.Is(err, djsession.ErrNotFound) || errors.Is(err, djsession.ErrCorrupt) || errors.Is(err, fs.ErrPermission) {
			return false, nil
		}
		return false, err
	}
	e := parse(f.Text)
	return e.bad == nil && e.expires.Before(c.site.Now()), nil
}

// match returns the stored entry, if it is the one that seen saw. Only Force matches an
// entry that is too long to be read.
func (c *Cache) match(doing, path string, seen djsession.Version) (entry, error) {
	e, err := c.read(path)
	if err != nil {
		return e, c.folder.Failed(doing, err, seen)
	}
	if !seen.IsForce() && (!e.whole || !e.version().Equal(seen)) {
		return e, djsession.ErrConflict
	}
	return e, nil
}

// unread returns the error of Get for an error of read.
func (c *Cache) unread(doing string, err error) error {
	if errors.Is(err, atomicfile.ErrIrregular) {
		return djsession.Corrupt(doing, err)
	}
	return c.folder.Failed(doing, err, djsession.Force)
}
