package probe

import _ "embed"

// View is the Python file with the view that djauth.AskDjango asks.
//
//go:embed view.py
var View string
