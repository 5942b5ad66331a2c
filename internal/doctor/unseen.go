package doctor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/go-djsession/go-djsession/internal/fault"
)

// A failure is no empty list. Whatever looks through a place (the keys of a server, the
// tables of a database, the names in a folder) returns an error unless it came to the end,
// and the place is noted: a session that was not found may be there.

var (
	// errMore is for a place that holds more than is looked through.
	errMore = errors.New("doctor: there is more than is looked through")
	// errBusy is for a memcached that lists its keys for somebody else.
	errBusy = errors.New("doctor: the server is busy with another listing")
	// errAnswer is for an answer that is none to what was asked.
	errAnswer = errors.New("doctor: the answer is not understood")
	// errIndirect is for a server that is not reached by an address of its own.
	errIndirect = errors.New("doctor: the server is not reached by an address")
)

// unseen notes that a place, with or without a session, could not be looked through.
func (e *exam) unseen(place string, err error) {
	why := words(fault.Of(err))
	switch {
	case errors.Is(err, errMore):
		why = "holds more than is looked through"
	case errors.Is(err, errBusy):
		why = "lists its keys for somebody else at the moment"
	case errors.Is(err, errAnswer):
		why = "does not list its keys"
	case errors.Is(err, errIndirect):
		why = "is not reached by an address of its own"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		why = "ended the connection before the end of the list"
	}
	for _, b := range e.blind {
		if strings.HasPrefix(b, place+" ") {
			return
		}
	}
	e.blind = append(e.blind, place+" "+why)
}

// located says that the session was found, so that it is nowhere else.
func (e *exam) located() { e.blind = nil }

// notSearched says which places could not be looked through. what is the beginning of the
// sentence.
func (e *exam) notSearched(what string, severity Severity) {
	const most = 5
	places := e.blind
	if len(places) > most {
		places = append(places[:most:most], fmt.Sprintf("and %d more", len(e.blind)-most))
	}
	e.add(Finding{NotSearched, severity, what + " could not be looked through: " + strings.Join(places, "; ") + ".",
		"See to it that these can be read from here, and run this again."})
}

// absent reports whether an error says that there is no such file.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
