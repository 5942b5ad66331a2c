package djsettings

import (
	"errors"
	"fmt"
)

// Errors of this package, to be matched by errors.Is. No text holds a secret, or
// any value of the settings but dotted paths.
var (
	// ErrFormat: what was read is none of the forms that are known; a *LineError
	// says where.
	ErrFormat = errors.New("djsettings: not the settings of a Django site")
	// ErrTooLarge: more than Options.MaxSize.
	ErrTooLarge = errors.New("djsettings: settings too large")
	// ErrSetting: a setting has a value that cannot be used; a *LineError says
	// where, if it stands in a file.
	ErrSetting = errors.New("djsettings: setting cannot be used")
	// ErrNoSecret: there is no SECRET_KEY.
	ErrNoSecret = errors.New("djsettings: no SECRET_KEY")
	// ErrUnsupported: the site uses something that is not known here, such as an
	// engine of its own.
	ErrUnsupported = errors.New("djsettings: not supported")
	// ErrManage: manage.py did not run, or ended with an error.
	ErrManage = errors.New("djsettings: manage.py failed")
)

// LineError is an error in a line of the settings.
type LineError struct {
	// Line begins at 1; 0 is a setting that stands in no line.
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
