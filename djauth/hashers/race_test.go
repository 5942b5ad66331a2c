//go:build race

package hashers_test

const raceEnabled = true
