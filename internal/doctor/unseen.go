package doctor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/go-djsession/go-djsession/internal/fault"
)

// A failure is not an empty list. Every search of a place (the keys of a server, the
// tables of a database, the names in a folder) returns an error unless it reached the end,
// and the place is noted: the missing session may be there.

var (
	// errMore is for a place with more entries than the limit of the search.
	errMore = errors.New("doctor: there is more than is looked through")
	// errBusy is for a memcached that lists its keys for another client.
	errBusy = errors.New("doctor: the server is busy with another listing")
	// errAnswer is for an unexpected answer.
	errAnswer = errors.New("doctor: the answer is not understood")
	// errIndirect is for a server without an address of its own.
	errIndirect = errors.New("doctor: the server is not reached by an address")
)

// unseen notes that a place could not be searched to the end.
func (e *exam) unseen(place string, err error) {
	why := fault.Why(err)
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

// located notes that the session was found, so that the unsearched places do not matter.
func (e *exam) located() { e.blind = nil }

// notSearched adds a finding with the places that could not be searched. Its sentence
// begins with what.
func (e *exam) notSearched(what string, severity Severity) {
	const most = 5
	places := e.blind
	if len(places) > most {
		places = append(places[:most:most], fmt.Sprintf("and %d more", len(e.blind)-most))
	}
	e.add(Finding{NotSearched, severity, what + " could not be looked through: " + strings.Join(places, "; ") + ".",
		"See to it that these can be read from here, and run this again."})
}

// absent reports whether an error means that the file does not exist.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
