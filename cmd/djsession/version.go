package main

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		GroupID: groupMore,
		Short:   "Print the version of this program",
		Long: `version prints the version of the module, the revision that the program was built
from, the version of Go, and the system. djsession --version prints the same.

The version is (devel) where the build does not know it, and there is no revision
where it was not built in a checkout.`,
		Example:           `  djsession version`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			a.printVersion()
			return nil
		},
	}
}

func (a *app) printVersion() { a.Say("%s", versionOf(buildInfo())) }

func buildInfo() *debug.BuildInfo {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = new(debug.BuildInfo)
	}
	return info
}

// versionOf returns the version of the module and what it was built from, by and for.
func versionOf(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	built := []string{cmp.Or(info.GoVersion, runtime.Version()), runtime.GOOS + "/" + runtime.GOARCH}
	if revision := settings["vcs.revision"]; revision != "" {
		if settings["vcs.modified"] == "true" {
			revision += " and changes"
		}
		built = append([]string{"revision " + revision}, built...)
	}
	return "djsession " + cmp.Or(info.Main.Version, "(devel)") + " (" + strings.Join(built, ", ") + ")"
}
