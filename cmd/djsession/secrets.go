package main

import (
	"github.com/spf13/cobra"

	"github.com/go-djsession/go-djsession/internal/console"
)

// secretFlags adds the flags that say where keys are.
func secretFlags(f *console.SecretSources, c *cobra.Command) {
	fs := c.Flags()
	fs.StringVar(&f.File, "secret-file", "", "`FILE` with SECRET_KEY on its first line, and fallbacks on the next ones")
	fs.BoolVar(&f.Stdin, "secret-stdin", false, "the same on standard input")
	fs.StringVar(&f.Keys, "keys-file", "", "`FILE` with derived keys instead, as djsession keys prints them")
	_ = c.MarkFlagFilename("secret-file")
	_ = c.MarkFlagFilename("keys-file")
}
