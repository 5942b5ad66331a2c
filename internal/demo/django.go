package demo

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/console"
)

//go:embed django.py
var djangoScript string

// EnvPython names a Python that has Django.
const EnvPython = "DJSESSION_PYTHON"

// pythonTimeout allows for the first import of Django, which takes seconds.
const pythonTimeout = 30 * time.Second

// askDjango finds a Python with Django, which reads what Go wrote and changes it. visits
// must be want.
func (d *Demo) askDjango(ctx context.Context, key string, want int) error {
	for _, python := range []string{d.c.Env(EnvPython), "python3", "python"} {
		if python == "" {
			continue
		}
		answer, ok := d.django(ctx, python, key)
		if err := ctx.Err(); err != nil {
			return err
		}
		if !ok {
			continue
		}
		if answer.Visits != want {
			return console.Refused("Django reads something else than what Go wrote", "please report this: it is a fault in djsession, or in the clock of this machine")
		}
		d.Step("Django %s reads what Go wrote: visits = %d, logged in is %s.", answer.Django, answer.Visits, cmp.Or(answer.User, "nobody"))
		s, err := d.site.Sessions.Open(ctx, key)
		if err != nil {
			return err
		}
		visits, err := djsession.Value(s, "visits", 0)
		if err != nil {
			return err
		}
		if visits != want+1 {
			return console.Refused("Go reads something else than what Django wrote", "please report this: it is a fault in djsession")
		}
		d.Step("Django counted one more, and Go reads visits = %d.", visits)
		return nil
	}
	d.Step("No python3 with Django 4.1 or newer was found (%s names one): the step in which Django reads this is left out.", EnvPython)
	return nil
}

// djangoAnswer is what django.py prints.
type djangoAnswer struct {
	Django string `json:"django"`
	User   string `json:"user"`
	Visits int    `json:"visits"`
}

func (d *Demo) django(ctx context.Context, python, key string) (answer djangoAnswer, ok bool) {
	given, err := json.Marshal(map[string]any{
		"secret_key": d.settings.SecretKey, "backends": d.settings.Backends, "database": d.Path, "key": key,
	})
	if err != nil {
		return answer, false
	}
	if python, err = exec.LookPath(python); err == nil {
		python, err = filepath.Abs(python)
	}
	if err != nil {
		return answer, false
	}
	ctx, cancel := context.WithTimeout(ctx, pythonTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "-c", djangoScript)
	cmd.Dir = d.dir // the current folder may hold a folder named django
	cmd.Stdin = bytes.NewReader(given)
	out, err := cmd.Output()
	if err != nil || json.Unmarshal(out, &answer) != nil {
		return answer, false
	}
	return answer, true
}
