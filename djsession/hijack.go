package djsession

import (
	"bufio"
	"bytes"
	"cmp"
	"io"
	"net"
	"net/http"
	"time"
)

// Hijack is [http.Hijacker]. It takes the connection over before it commits the session:
// only the server knows whether there is one, and a handler without it still answers.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if x.begun && x.failed != nil {
		return nil, nil, x.failed
	}
	conn, buf, err := http.NewResponseController(x.ResponseWriter).Hijack()
	if err != nil || x.begun {
		return conn, buf, err
	}
	kept := false
	defer func() { // the server closes no connection that was taken over
		if !kept {
			conn.Close()
		}
	}()
	x.taken = true
	answer := &wholeAnswer{header: x.Header()}
	if kept = x.commit(http.StatusSwitchingProtocols, answer); kept {
		return conn, buf, nil
	}
	// A client that does not read must not hold the handler.
	_ = conn.SetWriteDeadline(time.Now().Add(x.s.m.site.set.SaveTimeout))
	if answer.send(buf.Writer, x.s.request) == nil {
		_ = buf.Flush()
	}
	return nil, nil, x.failed
}

// wholeAnswer is a ResponseWriter that keeps the response in memory.
type wholeAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *wholeAnswer) Header() http.Header { return a.header }

func (a *wholeAnswer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
}

func (a *wholeAnswer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// send writes the response to r as the last one of its connection.
func (a *wholeAnswer) send(to io.Writer, r *http.Request) error {
	if a.body.Len() > 0 && a.header.Get("Content-Type") == "" {
		a.header.Set("Content-Type", http.DetectContentType(a.body.Bytes()))
	}
	a.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	res := &http.Response{
		StatusCode: cmp.Or(a.status, http.StatusOK), ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: a.header,
		Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()), Close: true,
	}
	return res.Write(to)
}
