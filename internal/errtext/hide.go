package errtext

// hidden is an error whose cause can be matched but is not printed.
type hidden struct {
	kind  error
	text  string
	cause *error // a pointer, which package fmt does not follow
}

// Hide returns an error that matches kind and cause, and prints the text of kind and
// text. Use it where cause may quote a password.
func Hide(kind error, text string, cause error) error { return &hidden{kind, text, &cause} }

func (e *hidden) Error() string { return e.kind.Error() + ": " + e.text }

// GoString returns the text for %#v, which would print the fields.
func (e *hidden) GoString() string { return e.Error() }

func (e *hidden) Unwrap() []error { return []error{e.kind, *e.cause} }
