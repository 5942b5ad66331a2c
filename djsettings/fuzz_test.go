package djsettings

import (
	"strings"
	"testing"
)

// FuzzRead checks that no text makes Read panic, and that no error holds the text in
// quotes.
func FuzzRead(f *testing.F) {
	f.Add(printedByDjango)
	f.Add("  A = 1\n- B = 2\n+ B = 's3cr3t'\n")
	f.Add(`{"SECRET_KEY": "s3cr3t", "A": [1e5, null]}`)
	f.Add("SECRET_KEY = 's3cr3t'\nSESSION_REDIS = {'url': 's3cr3t'}\nSESSION_ENGINE = 'redis_sessions.session'\n")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := Read(strings.NewReader(text), nil)
		if err != nil {
			if strings.Contains(err.Error(), "s3cr3t") && !strings.Contains(text, "<") && !strings.Contains(text, "s3cr3t(") && !strings.Contains(text, "s3cr3t[") {
				t.Fatalf("the error holds a value: %v", err)
			}
			return
		}
		_ = set.String()
		_, _ = set.Session()
	})
}
