// Package djmessages is django.contrib.messages: short texts that one request
// leaves for the page that the same visitor sees next. A message that is added in Go
// shows in a Django template, and the other way round.
//
//	f, err := djmessages.New(manager, nil)
//	handler := manager.Middleware(f.Middleware(mux))
//
//	func save(w http.ResponseWriter, r *http.Request) {
//		djmessages.Success(r.Context(), "Your profile was saved.")
//		http.Redirect(w, r, "/profile", http.StatusSeeOther)
//	}
//
//	func profile(w http.ResponseWriter, r *http.Request) {
//		messages, err := djmessages.Get(r.Context()) // they are gone afterwards
//		...
//	}
//
// The parts of Django and their twins here:
//
//	MessageMiddleware                      Framework.Middleware
//	messages.add_message, debug, info...   Add, Debug, Info, Success, Warning, Error
//	messages.get_messages(request)         Get; Peek and Count do not use them up
//	messages.get_level, set_level          RequestLevel, SetLevel, ResetLevel
//	MESSAGE_STORAGE, _LEVEL, _TAGS         Options
//
// # Life of a message
//
// As in Django, everything is read when it is asked for and written just before the
// response begins: a request that does nothing with messages reads and sets nothing.
// Get returns what was stored and what this request has added so far; all that is
// removed with the response, and what is added after the last Get stays. The status
// of the response makes no difference, but the session, and the messages in it, is
// not saved with an error of the server.
//
// # Shapes
//
// A message is ["__json_message", safe, level, text, tags], safe being 1 for text
// that templates do not escape. Where the list of them is kept:
//
//   - Session: the key _messages of the session holds it as JSON text, with spaces
//     behind the commas from Django 3.2 on.
//   - Cookie: the cookie messages, signed, without an end of its own, for the path /,
//     with the other attributes of the session's cookie. If its value would take more
//     than 2048 bytes, quotes included, the oldest messages are dropped.
//   - Fallback, Django's default: the oldest in the cookie, followed by the text
//     __messagesnotfinished__ if there are more of them, which are in the session.
//
// What is written is what the site's Django writes, byte for byte (a cookie of more
// than 16,000 bytes of JSON may be compressed differently). Cookies by version:
//
//	before 3.1    hex(HMAC-SHA1) $ JSON
//	3.1           JSON : timestamp : signature; it also reads the former
//	3.2           the same in base64 and, if that is shorter, compressed;
//	              it also reads both former ones
//	4.0           it does not read the first any more
//	4.1           nor the second
//
// What Get returns is to be removed from a cookie or the session, so a page is made
// before it begins to be sent: a template that calls Get renders into a buffer.
//
// # Errors
//
// ErrNoMiddleware, and those of package djsession: ErrNoSession,
// ErrCommitted for what comes too late, and ErrUnavailable. A missing derived key is
// signer.ErrNoKey from New. No text of a message is in any error or log line.
//
// # Compatibility
//
// Read from and tested against Django 1.8, 1.11, 2.2, 3.2, 4.2, 5.2 and 6.1. Some of
// what Django decides is odd, and decided the same here: with Fallback and no cookie,
// the session is not looked at, and a cookie that is badly signed is not deleted; a
// cookie that holds nothing but the mark that there is more stays when the rest was
// read.
//
// Unlike Django, two requests at once lose no message in the session: what one of
// them adds is put behind what the other one stored, and removed is exactly what was
// read. What another request read, or a logout took along, does not come back. In a
// cookie the later response wins.
//
// Unlike Django, which answers every page by an error from then on, a session key or
// a well-signed cookie that holds no messages is told to the Logger, and removed.
//
// # Security
//
// The cookie is signed, not encrypted: whoever has it can read it, and can send an
// old one again. Text that is marked as Safe is not escaped by Django's templates:
// never put into it what a visitor wrote.
package djmessages
