package djsession

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// DjangoVersion is a version of Django, because some behavior depends on it. The zero
// value means the newest version known here.
type DjangoVersion struct{ Major, Minor int }

var newest = DjangoVersion{6, 1}

// Before reports whether v is older than major.minor.
func (v DjangoVersion) Before(major, minor int) bool {
	return cmp.Or(cmp.Compare(v.Major, major), cmp.Compare(v.Minor, minor)) < 0
}

// String returns the version, such as "5.2".
func (v DjangoVersion) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// ParseDjangoVersion parses a version such as "5.2" or "4.2.28".
//
// Errors: [ErrConfig].
func ParseDjangoVersion(text string) (DjangoVersion, error) {
	major, rest, _ := strings.Cut(text, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	if errA != nil || errB != nil || a < 1 || b < 0 {
		return DjangoVersion{}, fmt.Errorf("%w: a Django version looks like 5.2", ErrConfig)
	}
	return DjangoVersion{a, b}, nil
}
