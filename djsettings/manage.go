package djsettings

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsession"
	"github.com/go-djsession/go-djsession/internal/errtext"
	"github.com/go-djsession/go-djsession/internal/probe"
	"github.com/go-djsession/go-djsession/internal/venv"
)

// ManageOptions are the options of [FromManage]. The zero value is good.
type ManageOptions struct {
	Options
	// Python is the program that runs manage.py; default that of the folder's virtual
	// environment (.venv or venv), else that of VIRTUAL_ENV, else python3.
	Python string
	// Args are more arguments of manage.py: "--settings=site.production", for example.
	Args []string
	// Stderr receives the standard error of the site, which includes tracebacks; default
	// none.
	Stderr io.Writer
}

// manageTimeout limits one run of manage.py.
const manageTimeout = 2 * time.Minute

// FromManage runs the probe by "python manage.py shell" in the folder dir, and reads the
// profile that it prints, with SECRET_KEY in it. If the probe has no answer, FromManage
// runs "manage.py diffsettings --all" and "manage.py version", and a Warning says why.
// Only FromManage and [RunProbe] run code of the site. opts may be nil.
//
// Errors: [ErrManage], and those of [Read].
func FromManage(ctx context.Context, dir string, opts *ManageOptions) (*Settings, error) {
	if opts == nil {
		opts = new(ManageOptions)
	}
	m, err := opts.manage(dir)
	if err != nil {
		return nil, err
	}
	o := *opts.orZero()
	if o.Dir == "" {
		o.Dir = m.dir
	}
	text, err := m.probe(ctx, probe.Options{SecretKey: true})
	if err == nil {
		return readSettings(text, &o)
	}
	if errors.Is(err, ErrTooLarge) || ctx.Err() != nil {
		return nil, err
	}
	set, failed := m.diffsettings(ctx, &o)
	if failed != nil {
		return nil, failed
	}
	set.Warnings = append(set.Warnings, Warning{"profile", "The probe had no answer, so that only the settings are known, and not what the site's code does: " + err.Error() + "."})
	return set, nil
}

// ProbeOptions are the options of [RunProbe]. The zero value is good.
type ProbeOptions struct {
	ManageOptions
	// SecretKey adds SECRET_KEY and its fallbacks to the profile.
	SecretKey bool
	// EnvPasswords replaces passwords of databases by names of variables, which [Options.Env]
	// has where the profile is read: DJSESSION_DATABASE_DEFAULT_PASSWORD.
	EnvPasswords bool
	// Cookies are names of signed cookies whose keys are wanted.
	Cookies []string
}

// RunProbe runs the probe by "python manage.py shell" in the folder dir, and returns the
// profile as text for [Read]. It reads the text to check it. opts may be nil.
//
// Errors: [ErrManage], and those of [Read].
func RunProbe(ctx context.Context, dir string, opts *ProbeOptions) (Secret, *Profile, error) {
	if opts == nil {
		opts = new(ProbeOptions)
	}
	m, err := opts.manage(dir)
	if err != nil {
		return Secret{}, nil, err
	}
	text, err := m.probe(ctx, probe.Options{SecretKey: opts.SecretKey, EnvPasswords: opts.EnvPasswords, Cookies: opts.Cookies})
	if err != nil {
		return Secret{}, nil, err
	}
	// A variable may be set only where the profile is read.
	doc, err := parseProfile(text, func(name string) (string, bool) { return name, true })
	if err != nil {
		return Secret{}, nil, err
	}
	return NewSecret(text), doc.profile, nil
}

// manage returns how to run the manage.py of a folder.
func (o *ManageOptions) manage(dir string) (*manage, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: the folder cannot be found: %w", ErrManage, err)
	}
	if fi, err := os.Stat(filepath.Join(abs, "manage.py")); err != nil || fi.IsDir() {
		return nil, fmt.Errorf("%w: there is no manage.py in the folder", ErrManage)
	}
	return &manage{dir: abs, python: cmp.Or(o.Python, venv.Python(abs, os.Getenv)), opts: o, max: o.orZero().MaxSize}, nil
}

// otherWays are for sites with a command shell of their own, which may want arguments or run
// nothing.
const otherWays = "if the site has a shell command of its own, run the probe without it, in the folder of manage.py: djsession probe >probe.py, and then DJANGO_SETTINGS_MODULE=SITE.settings python -B - <probe.py >site.profile"

// probe runs the probe and returns the profile with its marks.
func (m *manage) probe(ctx context.Context, opts probe.Options) (string, error) {
	m.stdin = probe.Source(opts)
	out, err := m.run(ctx, "shell", "-v", "0")
	m.stdin = ""
	text := string(out)
	switch {
	case errors.Is(err, ErrTooLarge) || ctx.Err() != nil:
		return "", err
	case err != nil:
		return "", fmt.Errorf("%w; %s", err, otherWays)
	case !isProfile(text):
		return "", fmt.Errorf("%w: manage.py shell ended without a profile: its errors are on standard error; %s", ErrManage, otherWays)
	}
	body, err := profileBody(text)
	if err != nil {
		return "", err
	}
	return profileBegin + "\n" + strings.TrimSpace(body) + "\n" + profileEnd + "\n", nil
}

// diffsettings reads what diffsettings and version of manage.py print.
func (m *manage) diffsettings(ctx context.Context, o *Options) (*Settings, error) {
	text, err := m.run(ctx, "diffsettings", "--all")
	if m.unknownOption {
		text, err = m.run(ctx, "diffsettings")
	}
	if err != nil {
		return nil, err
	}
	from := ""
	if o.Django == "" {
		// Settings may print something: the version is the last line.
		if out, err := m.run(ctx, "version"); err == nil {
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			text := strings.TrimSpace(lines[len(lines)-1])
			if _, err := djsession.ParseDjangoVersion(text); err == nil {
				o.Django, from = text, "Django "+text+", as manage.py says"
			}
		}
	}
	set, err := Read(bytes.NewReader(text), o)
	if err != nil {
		return nil, err
	}
	if from != "" {
		set.DjangoFrom = from
	}
	return set, nil
}

type manage struct {
	dir, python string
	opts        *ManageOptions
	max         int
	stdin       string
	// unknownOption says that the last run did not know an option.
	unknownOption bool
}

// run runs a command of manage.py and returns its output.
func (m *manage) run(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, manageTimeout)
	defer cancel()
	name := args[0]
	// -B: nothing is written, not even the code that Python compiles.
	args = append(append([]string{"-B", "manage.py"}, args...), m.opts.Args...)
	cmd := exec.CommandContext(ctx, m.python, args...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8")
	if m.stdin != "" {
		cmd.Stdin = strings.NewReader(m.stdin)
	}
	cmd.WaitDelay = 2 * time.Second
	out, errOut := &bounded{max: m.max, stop: cancel}, &bounded{max: 64 << 10}
	cmd.Stdout, cmd.Stderr = out, errOut
	if m.opts.Stderr != nil {
		cmd.Stderr = io.MultiWriter(errOut, m.opts.Stderr)
	}
	err := cmd.Run()
	m.unknownOption = false
	switch {
	case out.over:
		return nil, tooLarge(m.max)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w: %s did not end: %w", ErrManage, name, ctx.Err())
	case err != nil:
		text := errOut.buf.String()
		m.unknownOption = strings.Contains(text, "unrecognized arguments: --all") || strings.Contains(text, "no such option: --all")
		return nil, errtext.Hide(ErrManage, name+" "+why(text), err)
	}
	return out.buf.Bytes(), nil
}

// why returns the exception at the end of a traceback. It leaves out the message, which may
// quote a value, unless it names a module.
func why(stderr string) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	name, message, _ := strings.Cut(last, ":")
	switch {
	case strings.HasSuffix(name, "ModuleNotFoundError"), strings.HasSuffix(name, "ImportError"):
		return "ended with " + name + ":" + message
	case name != "" && !strings.ContainsAny(name, " '\"") && (strings.HasSuffix(name, "Error") || strings.HasSuffix(name, "Configured")):
		return "ended with " + name
	case stderr == "":
		return "could not be run: is there such a Python?"
	}
	return "ended with an error"
}

// bounded keeps the first max bytes written to it.
type bounded struct {
	buf  bytes.Buffer
	max  int
	over bool
	stop func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if room := b.max - b.buf.Len(); len(p) > room {
		b.buf.Write(p[:max(room, 0)])
		if !b.over && b.stop != nil {
			b.stop()
		}
		b.over = true
		return len(p), nil
	}
	return b.buf.Write(p)
}
