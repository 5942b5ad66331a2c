package doctor

import (
	"testing"

	"github.com/go-djsession/go-djsession/serializer/pickle"
)

// Python 2.7 pickled as bytes what djauth reads as text: pickle.dumps({'_auth_user_id':
// '1', '_auth_user_backend': 'b', '_auth_user_hash': 'h'}, 2).
func TestClaimOfPython2(t *testing.T) {
	const raw = "\x80\x02}q\x01(U\r_auth_user_idq\x02U\x011q\x03U\x12_auth_user_backendq\x04U\x01bq\x05U\x0f_auth_user_hashq\x06U\x01hq\x07u."
	d, err := pickle.Serializer{}.Loads([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := claimOf(d); !ok || c.backend != "b" || c.hash != "h" {
		t.Errorf("got %t, %+v, want b and h", ok, c)
	}
}
