package fault

import (
	"strings"

	"github.com/go-djsession/go-djsession/internal/errtext"
)

// ofRedis are the codes with which a Redis begins an answer that is an error.
var ofRedis = []struct {
	code string
	kind Kind
}{
	{"WRONGPASS", Password}, {"NOAUTH", Password}, {"NOPERM", Denied}, {"OOM", Full}, {"LOADING", Starting},
	{"MISCONF", NoSave}, {"READONLY", Replica}, {"MASTERDOWN", Replica}, {"CLUSTERDOWN", NoCluster}, {"NOREPLICAS", NoReplicas},
	{"BUSY", Busy}, {"MOVED", InCluster},
}

// redisCode returns the code of an answer of a Redis, or "". Only the known codes count.
func redisCode(err error) (code string, kind Kind) {
	errtext.Walk(err, func(text string) bool {
		for _, r := range ofRedis {
			if strings.HasPrefix(text, r.code+" ") {
				code, kind = r.code, r.kind
				return false
			}
		}
		return true
	})
	return code, kind
}
