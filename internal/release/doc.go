// Package release has only tests. They check what a release needs besides the code: the licences
// and reasons of dependencies, the workflows, and builds that anybody can repeat.
package release
