//go:build race

package djsession_test

// underRace: pools drop what they keep at random, so that nothing can be counted.
const underRace = true
