package signer

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func TestTimestamp(t *testing.T) {
	s := testTimestamp(t, SecretKey(testSecret), Options{})
	signed := s.Sign("a:b")
	if !strings.HasPrefix(signed, "a:b:1xaKAf:") {
		t.Fatalf("Sign(a:b) = %s", signed)
	}
	if got := string(s.AppendSign([]byte("x"), []byte("a:b"))); got != "x"+signed {
		t.Errorf("AppendSign(x, a:b) = %s, want x%s", got, signed)
	}
	value, info, err := s.Unsign(signed)
	if value != "a:b" || info.Timestamp != testNow.Unix() || err != nil {
		t.Errorf("Unsign = %q, %+v, %v, want a:b, %d", value, info, err, testNow.Unix())
	}
	// The clock is time.Now when none was set.
	s.Now = nil
	before := time.Now().Unix()
	if _, info, err = s.Unsign(s.Sign("x")); info.Timestamp < before || info.Timestamp > time.Now().Unix() || err != nil {
		t.Errorf("signed at %d, %v, want now", info.Timestamp, err)
	}
}

func TestMaxAge(t *testing.T) {
	signedAt := time.Unix(1_700_000_000, 0)
	s := must(NewTimestamp(SecretKey(testSecret), Options{}))
	s.Now = func() time.Time { return signedAt }
	value, object := s.Sign("hello"), must(s.SignObject([]byte("hello"), false))
	tests := []struct {
		name   string
		age    time.Duration
		maxAge time.Duration
		good   bool
	}{
		{"new", 0, time.Hour, true},
		{"exactly", 10 * time.Second, 10 * time.Second, true},
		{"a nanosecond more", 10*time.Second + 1, 10 * time.Second, false},
		{"less than a second more", 10*time.Second + 10*time.Millisecond, 10 * time.Second, false},
		{"a nanosecond less", 10*time.Second - 1, 10 * time.Second, true},
		{"fraction, exactly", 10500 * time.Millisecond, 10500 * time.Millisecond, true},
		{"fraction, a nanosecond more", 10500*time.Millisecond + 1, 10500 * time.Millisecond, false},
		{"fraction, whole seconds differ", 11 * time.Second, 10500 * time.Millisecond, false},
		{"no age allowed, same moment", 0, 0, true},
		{"no age allowed, later", 1, 0, false},
		{"from the future", -time.Hour, 0, true},
		{"from the future, with a fraction", -1500 * time.Millisecond, 0, true},
		{"negative, same moment", 0, -time.Second, false},
		{"negative, exactly", -time.Second, -time.Second, true},
		{"negative, a nanosecond more", -time.Second + 1, -time.Second, false},
		{"negative fraction, exactly", -1500 * time.Millisecond, -1500 * time.Millisecond, true},
		{"negative fraction, a nanosecond more", -1500*time.Millisecond + 1, -1500 * time.Millisecond, false},
		{"negative fraction, a nanosecond less", -1500*time.Millisecond - 1, -1500 * time.Millisecond, true},
		{"longest Duration", 200 * 365 * 24 * time.Hour, math.MaxInt64, true},
		{"shortest Duration", 0, math.MinInt64, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.Now = func() time.Time { return signedAt.Add(tt.age) }
			got, info, err := s.UnsignMaxAge(value, tt.maxAge)
			data, objectInfo, objectErr := s.UnsignObjectMaxAge(object, tt.maxAge)
			if info.Timestamp != signedAt.Unix() || objectInfo.Timestamp != signedAt.Unix() {
				t.Errorf("timestamps %d and %d, want %d", info.Timestamp, objectInfo.Timestamp, signedAt.Unix())
			}
			if tt.good {
				if got != "hello" || err != nil || string(data) != "hello" || objectErr != nil {
					t.Errorf("%q, %v and %q, %v, want hello", got, err, data, objectErr)
				}
				return
			}
			for _, err := range []error{err, objectErr} {
				if !errors.Is(err, ErrSignatureExpired) || !errors.Is(err, ErrBadSignature) {
					t.Errorf("%v, want ErrSignatureExpired", err)
				}
			}
			if got != "" || data != nil {
				t.Errorf("%q and %q with an error", got, data)
			}
			// Without a maximum it is good.
			if got, _, err := s.Unsign(value); got != "hello" || err != nil {
				t.Errorf("Unsign = %q, %v, want hello", got, err)
			}
		})
	}
}

func TestOlderThanExtremes(t *testing.T) {
	tests := []struct {
		name      string
		timestamp int64
		now       time.Time
		maxAge    time.Duration
		want      bool
	}{
		{"oldest", math.MinInt64, testNow, math.MaxInt64, true},
		{"newest", math.MaxInt64, testNow, math.MinInt64, false},
		{"oldest, clock before 1970", math.MinInt64, time.Unix(-5, 0), math.MaxInt64, true},
		{"newest, clock before 1970", math.MaxInt64, time.Unix(-5, 0), 0, false},
		{"newest, clock of one second before 1970", math.MaxInt64, time.Unix(-1, 1), 0, false},
		{"beyond any Duration", -1 << 40, testNow, math.MaxInt64, true},
		{"clock before 1970", -10, time.Unix(-5, 1), 5 * time.Second, true},
		{"clock before 1970, exactly", -10, time.Unix(-5, 0), 5 * time.Second, false},
	}
	for _, tt := range tests {
		if got := olderThan(tt.timestamp, tt.now, tt.maxAge); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestMalformedTimestamps(t *testing.T) {
	keys := SecretKey(testSecret)
	opts := Options{Salt: "same for both"}
	plain, s := must(New(keys, opts)), testTimestamp(t, keys, opts)
	tests := []struct {
		name, value string
		timestamp   int64
		err         error
	}{
		{"no timestamp", "value", 0, ErrMalformed},
		{"empty", "value:", 0, ErrMalformed},
		{"not base 62", "value:1_0", 0, ErrMalformed},
		{"negative", "value:-10", -62, nil},
		{"sign alone", "value:-", 0, nil},
		{"largest", "value:AzL8n0Y58m7", math.MaxInt64, nil},
		{"one more", "value:AzL8n0Y58m8", math.MaxInt64, nil},
		{"one that wraps to 0 in 64 bits", "value:LygHa16AHYG", math.MaxInt64, nil},
		{"smallest", "value:-AzL8n0Y58m8", math.MinInt64, nil},
		{"one less", "value:-AzL8n0Y58m9", math.MinInt64, nil},
		{"very long", "value:" + strings.Repeat("z", 1000), math.MaxInt64, nil},
	}
	for _, tt := range tests {
		got, info, err := s.Unsign(plain.Sign(tt.value))
		want := "value"
		if tt.err != nil {
			want = ""
		}
		if got != want || info.Timestamp != tt.timestamp || !errors.Is(err, tt.err) || errors.Is(err, ErrBadSignature) {
			t.Errorf("%s: %q, %+v, %v, want %q, %d, %v", tt.name, got, info, err, want, tt.timestamp, tt.err)
		}
	}
}

// int(time.time()) cuts towards zero.
func TestTimestampBefore1970(t *testing.T) {
	s := must(NewTimestamp(SecretKey(testSecret), Options{}))
	for _, tt := range []struct {
		now  time.Time
		want string
	}{
		{time.Unix(0, 999_999_999), "x:0:"}, {time.Unix(-1, 1), "x:0:"}, {time.Unix(-1, 0), "x:-1:"}, {time.Unix(-5, 500_000_000), "x:-4:"},
	} {
		s.Now = func() time.Time { return tt.now }
		if got := s.Sign("x"); !strings.HasPrefix(got, tt.want) {
			t.Errorf("at %v: %s, want %s...", tt.now.UTC(), got, tt.want)
		}
	}
}
