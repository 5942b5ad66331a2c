//go:build !race

package djsession_test

const underRace = false
