package doctor

import "strings"

// own returns the text of one of our errors without package names. Our errors hide the
// drivers' texts.
func own(err error) string {
	text := err.Error()
	for _, prefix := range []string{"djsettings: ", "djsite: ", "djsession: ", "djauth: ", "dbusers: "} {
		text = strings.ReplaceAll(text, prefix, "")
	}
	return strings.TrimRight(strings.ReplaceAll(text, ". ", "; "), ".")
}
