package djsettings

import (
	"errors"
	"fmt"
)

// Errors of this package, for [errors.Is]. No text holds a secret. Of the settings' values
// it holds only dotted paths.
var (
	// ErrFormat: the input has none of the known forms; a [*LineError] says where.
	ErrFormat = errors.New("djsettings: not the settings of a Django site")
	// ErrTooLarge: the input is larger than [Options.MaxSize].
	ErrTooLarge = errors.New("djsettings: settings too large")
	// ErrSetting: a setting has a value that cannot be used. If it comes from a file, a
	// [*LineError] says where.
	ErrSetting = errors.New("djsettings: setting cannot be used")
	// ErrNoSecret: there is no SECRET_KEY.
	ErrNoSecret = errors.New("djsettings: no SECRET_KEY")
	// ErrUnsupported: the site uses something that this package does not know: an engine of
	// its own, for example.
	ErrUnsupported = errors.New("djsettings: not supported")
	// ErrProfile: a site profile cannot be used: it is cut short, of another version,
	// edited, or a file that others may read.
	ErrProfile = errors.New("djsettings: site profile cannot be used")
	// ErrManage: manage.py did not run, or ended with an error.
	ErrManage = errors.New("djsettings: manage.py failed")
)

// LineError is an error in a line of the settings.
type LineError struct {
	// Line begins at 1; 0 is a setting without a line.
	Line int
	// Setting is the name of the setting, if it has one.
	Setting string
	// Err matches ErrFormat or ErrSetting.
	Err error
}

func (e *LineError) Error() string {
	switch {
	case e.Line == 0:
		return fmt.Sprintf("%s: %v", e.Setting, e.Err)
	case e.Setting == "":
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("line %d: %s: %v", e.Line, e.Setting, e.Err)
}

// Unwrap returns Err.
func (e *LineError) Unwrap() error { return e.Err }
