package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-djsession/go-djsession/djsettings"
)

// fileNames is the most names of a folder to look at. maxFile is the most bytes of a
// session file to read.
const (
	fileNames = 200_000
	maxFile   = 16 << 20
)

// folder returns SESSION_FILE_PATH, or the folder for temporary files.
func (e *exam) folder() string {
	dir := e.set.Sessions.FilePath
	switch {
	case dir == "":
		return os.TempDir()
	case filepath.IsAbs(dir):
		return dir
	}
	return filepath.Join(e.set.Dir, dir)
}

// file looks up the key in the folder of the engine file.
func (e *exam) file(key string) {
	dir, in := e.folder(), e.set.Sessions
	fi, err := os.Stat(dir)
	change := "Correct SESSION_FILE_PATH, or give DJSESSION_SESSION_FILE_PATH for the place where Go runs."
	if in.FilePath != "" && !filepath.IsAbs(in.FilePath) {
		change = "SESSION_FILE_PATH is relative: make it absolute, or run in the folder that Django runs in."
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		e.fault(FilePermission, fmt.Sprintf("The folder of SESSION_FILE_PATH, %s, may not be opened by the user that this runs as.", dir), "Run Go as the user that Django runs as.")
		return
	case err != nil:
		e.fault(FileFolder, fmt.Sprintf("There is no folder %s, as SESSION_FILE_PATH says.", dir), change)
		return
	case !fi.IsDir():
		e.fault(FileFolder, fmt.Sprintf("SESSION_FILE_PATH leads to %s, which is no folder.", dir), change)
		return
	}
	if !mayWrite(dir) {
		e.fault(FilePermission, fmt.Sprintf("The folder of SESSION_FILE_PATH, %s, may not be written by the user that this runs as.", dir), "Run Go as the user that Django runs as.")
	}
	if key == "" {
		return
	}
	path := filepath.Join(dir, in.CookieName+key)
	fi, err = os.Stat(path)
	if err != nil && !absent(err) {
		e.fault(FilePermission, fmt.Sprintf("Whether the session has a file in the folder of SESSION_FILE_PATH, %s, cannot be seen by the user that this runs as.", dir), "Run Go as the user that Django runs as.")
		return
	}
	if err != nil {
		e.noFile(dir, key, change)
		return
	}
	if uid, own, ok := owners(fi); ok && uid != own && fi.Mode().Perm()&0o077 == 0 {
		e.fault(FileOwner, fmt.Sprintf("The files of the sessions belong to the user %d with the mode 0600, and this runs as the user %d: what one of Django and Go writes the other may not read.", uid, own),
			"Run Go as the user that Django runs as.")
	}
	text, err := readFile(path)
	if err != nil {
		e.fault(FilePermission, "The file of the session may not be read by the user that this runs as.", "Run Go as the user that Django runs as.")
		return
	}
	e.inFile(text, fi.ModTime())
}

func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	return string(b), err
}

// inFile examines the content of a session file.
func (e *exam) inFile(text string, modified time.Time) {
	o := e.signed(text, e.salt(), nil)
	if !o.good || o.dict == nil {
		return
	}
	site, now := e.lab.Sessions.Site(), e.opts.Now()
	if v, ok := o.dict.Get("_session_expiry"); !ok || v == nil || isText(v) {
		if until, err := site.ExpiryDate(o.dict, modified); err == nil && until.Before(now) {
			e.fault(Expired, fmt.Sprintf("The session has expired %s ago, by the time its file was last written and SESSION_COOKIE_AGE.", span(now.Sub(until))), "Log in anew.")
			return
		}
	}
	e.login(o.dict)
}

// isText reports whether _session_expiry is a date. A number of seconds does not end a
// session file.
func isText(v any) bool {
	switch v.(type) {
	case int64, float64, bool:
		return false
	}
	return true
}

// noFile is for a session without a file of the right name.
func (e *exam) noFile(dir, key, change string) {
	names, err := namesIn(dir)
	if err != nil {
		e.unseen("the folder "+dir, err)
	}
	prefix := false
	for _, name := range names {
		if head, ok := strings.CutSuffix(name, key); ok {
			e.located()
			e.fault(FileName, fmt.Sprintf("The file of the session begins with %s, and SESSION_COOKIE_NAME in these settings, which files begin with, is %s.", printable(head), e.set.Sessions.CookieName),
				"Give SESSION_COOKIE_NAME the value that the site really runs with.")
			return
		}
		prefix = prefix || strings.HasPrefix(name, e.set.Sessions.CookieName) && len(name) >= len(e.set.Sessions.CookieName)+8
	}
	var found bool
	e.within(func(ctx context.Context) { found = e.elsewhere(ctx, key, nil, "") })
	switch {
	case found:
	case e.set.Sessions.FilePath == "":
		e.fault(FileFolder, fmt.Sprintf("The session is not in the folder for temporary files, %s, where Go looks because there is no SESSION_FILE_PATH.", dir),
			"Set SESSION_FILE_PATH, or give Go the TMPDIR that Django has.")
	case !prefix && err == nil:
		e.fault(FileFolder, fmt.Sprintf("There are no sessions at all in %s, to which SESSION_FILE_PATH leads: it is not the folder that Django uses, or all of them have ended.", dir), change)
	default:
		e.notFound("the folder " + dir)
	}
}

// printable returns the name of a cookie, if it may be printed.
func printable(name string) string {
	if isCookieName(name) {
		return name
	}
	return "something else"
}

// namesIn returns the names in a folder. It returns an error unless they are all.
func namesIn(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(fileNames)
	switch {
	case err == io.EOF: // an empty folder
		return nil, nil
	case err == nil && len(names) == fileNames:
		err = errMore
	}
	return names, err
}

// inOtherFiles looks for a session in the folder of session files, for another engine.
func (e *exam) inOtherFiles(key string) bool {
	if e.set.Sessions.Kind == djsettings.EngineFile || e.set.Sessions.FilePath == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(e.folder(), e.set.Sessions.CookieName+key))
	if err != nil && !absent(err) {
		e.unseen("the folder of SESSION_FILE_PATH", err)
	}
	if err != nil {
		return false
	}
	e.fault(OtherEngine, fmt.Sprintf("The session is in a file below SESSION_FILE_PATH, and SESSION_ENGINE in these settings is %s.", e.set.Sessions.Engine),
		"Give SESSION_ENGINE the engine that the site really runs with.")
	return true
}
