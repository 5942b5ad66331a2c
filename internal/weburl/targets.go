package weburl

import (
	"math/rand/v2"
	"strings"
)

// Evil is the host to which the redirects of [Targets] try to lead.
const Evil = "evil.example"

var pieces = []string{
	"/", "/", "/", "/", "/", `\`, `\`, `\`, "//", "//", "///", `\\`, `/\`, `\/`, ".", ".", "..", "..", "./", "./", "../", "../", "/.", "/..",
	"%2e", "%2E%2e", "%5c", "%5C", "%2f", "%2F", "%00", "%09", "%0d%0a", "%zz", "%", "%25", "%u002f",
	"\t", "\n", "\r", "\x00", "\x0b", "\x1f", "\x7f", " ", "  ", "\u0085", "\u00a0", "\u200b", "\ufeff", "\u2028", "\u3000", "\u180e", "\u0378", "\U000e0001", "\xff", "\xc0\xaf",
	"@", "@", ":", ":", "?", "#", "#", ";", "&", "=", "[", "]", "|", "^", "<", ">", "\"", "'", "`", "{", "}", "~", "*", "1", "a", "x", "page", "é", "ß",
	"http:", "https:", "HTTPS:", "hTTp:", "http://", "https://", "http:/", `http:\\`, "javascript:", "JavaScript:", "java\tscript:", "data:", "vbscript:", "file:", "ftp:", "blob:", "x:", "1:", "+:", "ws:",
	"／", "＼", "⁄", "∕", "╱", "。", "．", "：", "ｅvil.example", "ⓔvil.example", "xn--vil-9na.example", "user:pw@", "user@", ":80", ":443", ":8000", ":99999", ":", "[::1]", "[::ffff:1.2.3.4]", "[", "127.0.0.1", "0x7f.1", "2130706433",
	Evil, Evil, Evil, Evil, "." + Evil, Evil + ".", "javascript:alert(1)", "data:text/html,x", "http:" + Evil, "https:" + Evil,
}

var starts = []string{
	"", "", "", "", "/", "/", "/", "/.", "/./", "/..", "/../", "./", ".", "../", "../../", "../../../..", "x/../", "x/..", "/x/..", "/x/../", "?", "#", "#/../", "#/../../..", "/#", "/#/..", "/?", "/%2e", "/%2e%2e", " ", "\t",
	"%2e/", "x", ";",
}

// Targets returns n targets of redirects, the same ones for the same seed. Most try to
// lead from the site at host, as in a Host header, to the host [Evil] or into a script.
func Targets(seed uint64, n int, host string) []string {
	g := rand.New(rand.NewPCG(seed, 10))
	own := []string{host, "http://" + host, "https://" + host, "//" + host, "HTTP://" + host, `\\` + host, host + "@", strings.ToUpper(host)}
	all := make([]string, n)
	for i := range all {
		var b strings.Builder
		if g.IntN(4) == 0 {
			b.WriteString(own[g.IntN(len(own))])
		}
		b.WriteString(starts[g.IntN(len(starts))])
		for range g.IntN(7) {
			b.WriteString(pieces[g.IntN(len(pieces))])
		}
		switch g.IntN(40) {
		case 0:
			b.WriteString(strings.Repeat(pieces[g.IntN(len(pieces))], 1+g.IntN(900)))
		case 1, 2, 3:
			b.WriteString(`/\` + Evil)
		case 4, 5, 6:
			b.WriteString("//" + Evil)
		case 7:
			b.WriteString(`\` + Evil)
		}
		all[i] = b.String()
	}
	return all
}
