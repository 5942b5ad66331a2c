//go:build race

package djsession_test

// underRace is true: pools then drop entries at random, so that tests cannot count
// allocations.
const underRace = true
