package djcsrf

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

const fieldName = "csrfmiddlewaretoken"

// posted is request.POST.get("csrfmiddlewaretoken", ""), for a POST. Somebody may have
// parsed the form before.
//
// Errors: ErrForm.
func (p *Protection) posted(r *http.Request) (string, error) {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "application/x-www-form-urlencoded":
		if p.onlyUTF8 && !isUTF8(r.Header.Get("Content-Type")) {
			return "", ErrForm
		}
		if r.PostForm != nil {
			if p.tooMany(r.PostForm) {
				return "", ErrForm
			}
			return last(r.PostForm[fieldName]), nil
		}
		return p.fromBody(r)
	case "multipart/form-data":
		if r.MultipartForm == nil {
			if err := p.parseMultipart(r); err != nil {
				return "", err
			}
		}
		if p.tooMany(r.MultipartForm.Value) {
			return "", ErrForm
		}
		return last(r.MultipartForm.Value[fieldName]), nil
	}
	return "", nil
}

// tooMany reports whether a form has more than MaxFields fields.
func (p *Protection) tooMany(form map[string][]string) bool {
	n := 0
	for _, values := range form {
		n += len(values)
	}
	return n > p.o.MaxFields
}

// isUTF8 reports whether Django 5.0 and later takes a form with this Content-Type. Unlike
// Django, which overlooks a charset that Python does not know, it takes no other charset.
func isUTF8(contentType string) bool {
	_, params, err := mime.ParseMediaType(contentType)
	charset, ok := params["charset"]
	return err != nil || !ok || strings.EqualFold(charset, "utf-8")
}

// last is MultiValueDict.get.
func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// fromBody finds the token in an urlencoded body, and puts the body back.
func (p *Protection) fromBody(r *http.Request) (string, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return "", nil
	}
	if r.ContentLength > p.o.MaxForm {
		return "", ErrForm
	}
	body, err := readForm(r, p.o.MaxForm)
	b := &replay{rest: r.Body}
	b.read.Reset(body)
	r.Body = b
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return "", ErrForm
		}
		// UnreadablePostError: the client is most likely gone, and the header decides.
		return "", nil
	}
	if int64(len(body)) > p.o.MaxForm {
		return "", ErrForm
	}
	// As in Python, empty fields count.
	n := 1 + bytes.Count(body, []byte("&"))
	if p.semicolons {
		n += bytes.Count(body, []byte(";"))
	}
	if n > p.o.MaxFields {
		return "", ErrForm
	}
	return fromQuery(body, p.semicolons), nil
}

// readForm reads the body, up to most bytes and one. The length that the client claims
// takes no more memory than a small form before it is there.
func readForm(r *http.Request, most int64) ([]byte, error) {
	if n := r.ContentLength; n > 0 && n <= 16<<10 {
		body := make([]byte, n)
		got, err := io.ReadFull(r.Body, body)
		return body[:got], err
	}
	return io.ReadAll(io.LimitReader(r.Body, most+1))
}

// replay is a body of which the beginning was read already.
type replay struct {
	read bytes.Reader
	rest io.ReadCloser
}

func (b *replay) Read(to []byte) (int, error) {
	if b.read.Len() > 0 {
		return b.read.Read(to)
	}
	return b.rest.Read(to)
}

func (b *replay) Close() error { return b.rest.Close() }

// fromQuery is parse_qsl for one name. Unlike url.ParseQuery it takes everything, so
// that a damaged token is bad and not absent. Old Pythons take a semicolon for an ampersand,
// and newer ones of the same Django do not. With semicolons set, a token that only one of
// them finds is bad.
func fromQuery(body []byte, semicolons bool) (token string) {
	if semicolons && bytes.IndexByte(body, ';') >= 0 {
		token := fromQuery(body, false)
		if fromQuery(bytes.ReplaceAll(body, []byte(";"), []byte("&")), false) != token {
			return ";"
		}
		return token
	}
	for more := true; more; {
		var pair []byte
		pair, body, more = bytes.Cut(body, []byte("&"))
		name, value, _ := bytes.Cut(pair, []byte("="))
		if string(unescape(name)) == fieldName {
			token = string(unescape(value))
		}
	}
	return token
}

// unescape is unquote_plus, which leaves alone what is no escape.
func unescape(s []byte) []byte {
	if bytes.IndexByte(s, '%') < 0 && bytes.IndexByte(s, '+') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b = append(b, ' ')
		case s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) >= 0 && hexDigit(s[i+2]) >= 0:
			b = append(b, byte(hexDigit(s[i+1])<<4+hexDigit(s[i+2])))
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	return b
}

// hexDigit is the value of a hexadecimal digit, -1 of anything else.
func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// fileMemory is the most bytes of uploaded files in memory, net/http's own default.
const fileMemory = 32 << 20

// parseMultipart is parse_file_upload. net/http keeps 10 MB beyond what it is allowed for
// fields; they are counted afterwards. Files beyond fileMemory go to the disk.
func (p *Protection) parseMultipart(r *http.Request) error {
	if err := r.ParseMultipartForm(min(p.o.MaxForm, fileMemory)); err != nil {
		return ErrForm
	}
	var size int64
	for name, values := range r.MultipartForm.Value {
		for _, value := range values {
			size += int64(len(name) + len(value))
		}
	}
	if size > p.o.MaxForm {
		_ = r.MultipartForm.RemoveAll()
		return ErrForm
	}
	return nil
}
