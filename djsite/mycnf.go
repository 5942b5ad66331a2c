package djsite

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
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

// parseMyCnf returns the settings of the groups; the last one wins. It reads as the client
// library of MySQL and MariaDB does (mysys/my_default.c).
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
			name = strings.TrimRight(name, " \t")
			in = name != "" && slices.ContainsFunc(groups, func(g string) bool { return strings.EqualFold(g, name) })
			continue
		case !in:
			continue
		}
		name, value, _ := strings.Cut(line[:endOfMyCnf(line)], "=")
		name = strings.ReplaceAll(strings.TrimSpace(name), "-", "_")
		values[name] = myCnfValue(strings.TrimSpace(value))
	}
	return values
}

// endOfMyCnf returns where the comment of a line begins: at a # that is not between
// quotes. It is remove_end_comment.
func endOfMyCnf(line string) int {
	var quote byte
	escaped := false
	for i := range len(line) {
		switch c := line[i]; {
		case (c == '\'' || c == '"') && !escaped && quote == 0:
			quote = c
		case c == quote && !escaped:
			quote = 0
		case c == '#' && quote == 0:
			return i
		}
		escaped = quote != 0 && line[i] == '\\' && !escaped
	}
	return len(line)
}

// myCnfValue removes the quotes around a value, and the escapes in it.
func myCnfValue(v string) string {
	if n := len(v); n > 1 && (v[0] == '\'' || v[0] == '"') && v[n-1] == v[0] {
		v = v[1 : n-1]
	}
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\t`, "\t", `\r`, "\r", `\b`, "\b", `\s`, " ", `\"`, `"`, `\'`, `'`).Replace(v)
}
