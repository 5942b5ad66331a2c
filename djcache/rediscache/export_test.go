package rediscache

// The container of LZMA, for tests.
var (
	PackXZ   = packXZ
	UnpackXZ = unpackXZ
)
