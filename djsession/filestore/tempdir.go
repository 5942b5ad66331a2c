package filestore

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-djsession/go-djsession/djsession"
)

// tempDir is Python's tempfile.gettempdir: it returns the first folder of a list in which
// a file can be written.
//
// Errors: djsession.ErrConfig.
func tempDir() (string, error) {
	dirs := []string{os.Getenv("TMPDIR"), os.Getenv("TEMP"), os.Getenv("TMP")}
	dirs = append(dirs, systemTempDirs()...)
	dirs = append(dirs, ".")
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		dir, err := filepath.Abs(dir)
		if err != nil {
			continue
		}
		f, err := os.CreateTemp(dir, "djsession")
		if err != nil {
			continue
		}
		_, err = f.WriteString("test")
		f.Close()
		_ = os.Remove(f.Name())
		if err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%w: no folder for temporary files can be written to; name one", djsession.ErrConfig)
}
