package rediscache_test

import (
	"fmt"
	"time"

	"github.com/go-djsession/go-djsession/djcache/rediscache"
	"github.com/go-djsession/go-djsession/serializer"
	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// OPTIONS with the JSONSerializer of django-redis.
func ExampleJSON() {
	raw, err := rediscache.JSON{}.Dumps(nil, serializer.NewDict(serializer.Item{Key: "_auth_user_id", Value: "1"}, serializer.Item{Key: "n", Value: 7}))
	fmt.Printf("%s %v\n", raw, err)
	// Output: {"_auth_user_id": "1", "n": 7} <nil>
}

// OPTIONS with the MSGPackSerializer of django-redis.
func ExampleMsgPack() {
	raw, err := rediscache.MsgPack{}.Dumps(nil, serializer.NewDict(serializer.Item{Key: "_auth_user_id", Value: "1"}, serializer.Item{Key: "n", Value: 7}))
	fmt.Printf("%x %v\n", raw, err)
	// Output: 82ad5f617574685f757365725f6964a131a16e07 <nil>
}

// OPTIONS with a COMPRESSOR and the default serializer. Gzip, LZMA, LZ4 and Zstd
// are used alike.
func ExampleZlib() {
	format := rediscache.Zlib(pickle.Serializer{}, serializer.Limits{})
	raw, err := format.Dumps(nil, serializer.NewDict(serializer.Item{Key: "_auth_user_id", Value: "1"}, serializer.Item{Key: "n", Value: 7}))
	fmt.Printf("%x %v\n", raw, err)
	// Output: 789c6b60992acf0001b553347a78e3134b4b32e24b8b538be23353a6f4301a0271de146ff6523d00f41c0cd0 <nil>
}

// OPTIONS with CLIENT_CLASS "django_redis.client.HerdClient".
func ExampleHerd() {
	format := rediscache.Herd(pickle.Serializer{}, time.Now)
	raw, err := format.Dumps(nil, serializer.NewDict())
	fmt.Printf("%x %v\n", raw, err)
	// Output: 80047d942e <nil>
}

// LOCATION of a ShardClient.
func ExampleNewRing() {
	ring := rediscache.NewRing([]string{"redis://127.0.0.1:17801/1", "redis://127.0.0.1:17802/1", "redis://127.0.0.1:17803/1"})
	fmt.Println(ring.Pick(":1:django.contrib.sessions.cacheabcdefghijklmnopqrstuvwxyz012345"))
	// Output: 1
}
