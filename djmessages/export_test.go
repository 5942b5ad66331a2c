package djmessages

import "context"

// ErrCorrupt is what Corrupt returns.
var ErrCorrupt = errCorrupt

// Corrupt is why something that was read for ctx could not be read.
func Corrupt(ctx context.Context) error {
	q, err := of(ctx)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.corrupt
}

// DecodeCookie decodes a value and encodes it again.
func (f *Framework) DecodeCookie(value string) (list []Message, again string, err error) {
	entries, _, err := f.cookie.decode(value)
	for _, e := range entries {
		list = append(list, e.Message)
	}
	if err == nil {
		again, _ = f.cookie.store(entries, false)
	}
	return list, again, err
}

// EncodeText encodes any text as if it were that of a list of messages.
func (f *Framework) EncodeText(text string) string {
	switch c := f.cookie; {
	case c.signer == nil:
		return c.hash.HexSum(text) + "$" + text
	case !c.pack:
		return c.signer.Sign(text)
	default:
		value, _ := c.signer.SignObject([]byte(text), true)
		return value
	}
}
