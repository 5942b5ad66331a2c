package signer

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-djsession/go-djsession/fixtures"
	"github.com/go-djsession/go-djsession/internal/base62"
)

// The floor: what somebody writes in forty lines of the standard library. Benchmarks of this package are to be compared with it
// inside of one run.

func floorSign(secret, salt string, data []byte, now int64, compress bool) string {
	value := base64.RawURLEncoding.EncodeToString(data)
	if compress {
		var buf bytes.Buffer
		zw := zlib.NewWriter(&buf)
		_, _ = zw.Write(data)
		_ = zw.Close()
		if buf.Len() < len(data)-1 {
			value = "." + base64.RawURLEncoding.EncodeToString(buf.Bytes())
		}
	}
	value += ":" + string(base62.AppendInt(nil, now))
	return value + ":" + floorSignature(secret, salt, value)
}

func floorSignature(secret, salt, value string) string {
	key := sha256.Sum256([]byte(salt + "signer" + secret))
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func floorUnsign(secret, salt, signed string) ([]byte, error) {
	i := strings.LastIndexByte(signed, ':')
	if i < 0 || subtle.ConstantTimeCompare([]byte(signed[i+1:]), []byte(floorSignature(secret, salt, signed[:i]))) != 1 {
		return nil, errors.New("bad signature")
	}
	value := signed[:strings.LastIndexByte(signed[:i], ':')]
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(value, "."))
	if err != nil || !strings.HasPrefix(value, ".") {
		return data, err
	}
	zr, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(zr)
}

func BenchmarkUnsignObject(b *testing.B) {
	for _, p := range must(fixtures.Benchmarks()) {
		s := must(NewTimestamp(SecretKey(p.Secret), Options{Salt: p.Salt}))
		b.Run(p.Name+"/floor", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := floorUnsign(p.Secret, p.Salt, p.Payload); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(p.Name+"/signer", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := s.UnsignObject(p.Payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSignObject(b *testing.B) {
	for _, p := range must(fixtures.Benchmarks()) {
		s := must(NewTimestamp(SecretKey(p.Secret), Options{Salt: p.Salt}))
		data, compress := []byte(p.JSON), strings.HasPrefix(p.Payload, ".")
		b.Run(p.Name+"/floor", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				floorSign(p.Secret, p.Salt, data, int64(p.Now), compress)
			}
		})
		b.Run(p.Name+"/signer", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.SignObject(data, compress); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSigner(b *testing.B) {
	s := must(New(SecretKey("secret"), Options{}))
	ts := must(NewTimestamp(SecretKey("secret"), Options{}))
	signed, stamped := s.Sign("hello"), ts.Sign("hello")
	var dst []byte
	for _, bb := range []struct {
		name string
		fn   func() error
	}{
		{"Sign", func() error { s.Sign("hello"); return nil }},
		{"AppendSign", func() error { dst = s.AppendSign(dst[:0], []byte("hello")); return nil }},
		{"Unsign", func() error { _, _, err := s.Unsign(signed); return err }},
		{"TimestampSign", func() error { ts.Sign("hello"); return nil }},
		{"TimestampUnsignMaxAge", func() error { _, _, err := ts.UnsignMaxAge(stamped, time.Hour); return err }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := bb.fn(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The floor must be right, or it is no measure.
func TestFloor(t *testing.T) {
	for _, p := range must(fixtures.Benchmarks()) {
		s := must(NewTimestamp(SecretKey(p.Secret), Options{Salt: p.Salt}))
		if got, err := floorUnsign(p.Secret, p.Salt, p.Payload); err != nil || string(got) != p.JSON {
			t.Errorf("%s: the floor reads %q, %v", p.Name, got, err)
		}
		signed := floorSign(p.Secret, p.Salt, []byte(p.JSON), int64(p.Now), strings.HasPrefix(p.Payload, "."))
		if got, _, err := s.UnsignObject(signed); err != nil || string(got) != p.JSON {
			t.Errorf("%s: what the floor wrote is %q, %v", p.Name, got, err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
