package filestore

import (
	"os"
	"path/filepath"
)

func systemTempDirs() []string {
	home, _ := os.UserHomeDir()
	return []string{filepath.Join(home, `AppData\Local\Temp`), os.ExpandEnv(`${SYSTEMROOT}\Temp`), `c:\temp`, `c:\tmp`, `\temp`, `\tmp`}
}
