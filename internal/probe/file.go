package probe

import (
	"errors"
	"os"
	"path/filepath"
)

// WriteFile writes a profile to a file that only its owner can read. It replaces a file of
// that name as a whole.
func WriteFile(name, text string) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".profile*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
