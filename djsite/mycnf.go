package djsite

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-djsession/go-djsession/djsettings"
	"github.com/go-djsession/go-djsession/internal/errtext"
)

// maxMyCnf limits how many bytes of a my.cnf are read.
const maxMyCnf = 1 << 20

// myCnf reads the file of the option read_default_file. It returns the settings of the
// groups [client] and read_default_group, with _ for - in their names. It does not read
// files that the file includes.
func (db entry) myCnf() (map[string]string, error) {
	path := db.Options.Text("read_default_file")
	if path == "" {
		return nil, nil
	}
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			path = filepath.Join(home, rest)
		}
	}
	f, err := os.Open(db.set.Abs(path))
	if err != nil {
		return nil, errtext.Hide(djsettings.ErrSetting, fmt.Sprintf("the read_default_file of DATABASES[%q] cannot be opened", db.Alias), err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxMyCnf))
	if err != nil {
		return nil, errtext.Hide(djsettings.ErrSetting, fmt.Sprintf("the read_default_file of DATABASES[%q] cannot be read", db.Alias), err)
	}
	return parseMyCnf(string(text), "client", db.Options.Text("read_default_group")), nil
}

// parseMyCnf returns the settings of the groups; the last one wins.
func parseMyCnf(text string, groups ...string) map[string]string {
	values := map[string]string{}
	in := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.IndexByte("#;!", line[0]) >= 0:
			continue
		case line[0] == '[':
			name, _, _ := strings.Cut(line[1:], "]")
			in = false
			for _, g := range groups {
				in = in || g != "" && strings.EqualFold(strings.TrimSpace(name), g)
			}
			continue
		case !in:
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		name = strings.ReplaceAll(strings.TrimSpace(name), "-", "_")
		values[name] = myCnfValue(strings.TrimSpace(value))
	}
	return values
}

// myCnfValue removes the quotes, the comment and the escapes.
func myCnfValue(v string) string {
	if len(v) > 0 && (v[0] == '\'' || v[0] == '"') {
		if end := strings.IndexByte(v[1:], v[0]); end >= 0 {
			v = v[1 : 1+end]
		}
	} else {
		for i := 0; i < len(v); i++ {
			if v[i] == '#' && (i == 0 || v[i-1] == ' ' || v[i-1] == '\t') {
				v = strings.TrimSpace(v[:i])
				break
			}
		}
	}
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\r`, "\r", `\b`, "\b", `\s`, " ", `\"`, `"`, `\'`, `'`).Replace(v)
}
