// Package djmessages is django.contrib.messages: short texts that one request leaves for
// the page that the same visitor sees next. A message that is added in Go shows in a
// Django template, and the other way round.
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
// As in Django, messages are read when somebody asks for them, and written just before
// the response begins: a request that does nothing with messages reads and sets nothing.
// [Get] returns the stored messages and those that this request has added so far. They
// are removed with the response. Messages that are added after the last Get stay. The
// status of the response makes no difference to a cookie. But a response with an error of
// the server does not save the session, and so not the messages in it.
//
// # Shapes
//
// A message is ["__json_message", safe, level, text, tags]. safe is 1 for text that
// templates do not escape. The [Storage] decides where the list is kept:
//
//   - Session: the key _messages of the session holds it as JSON text, with spaces
//     behind the commas from Django 3.2 on.
//   - Cookie: the cookie messages, signed, without an end of its own, for the path /,
//     with the other attributes of the session's cookie. If its value would take more
//     than 2048 bytes, quotes included, the oldest messages are dropped.
//   - Fallback, Django's default: the oldest in the cookie. If there are more, the text
//     __messagesnotfinished__ follows them, and the session holds the rest.
//
// The output is that of the site's Django, byte for byte (a cookie of more than 16,000
// bytes of JSON may be compressed differently). Cookies by version:
//
//	before 3.1    hex(HMAC-SHA1) $ JSON
//	3.1           JSON : timestamp : signature; it also reads the former
//	3.2           the same in base64 and, if that is shorter, compressed;
//	              it also reads both former ones
//	4.0           it does not read the first any more
//	4.1           nor the second
//
// Make a page before you send its first byte, because Get removes messages from a cookie
// or the session: if a template calls Get, render it into a buffer.
//
// # Errors
//
// [ErrNoMiddleware], and those of package djsession: ErrNoSession, ErrCommitted for a
// call that comes too late, and ErrUnavailable. For a missing derived key [New] returns
// signer.ErrNoKey. No text of a message is in any error or log line.
//
// # Compatibility
//
// The package was read from and tested against Django 1.8, 1.11, 2.2, 3.2, 4.2, 5.2 and
// 6.1. Some of Django's decisions are odd, and are the same here. With Fallback and no
// cookie, the session is not read, and a badly signed cookie is not deleted. A cookie
// that holds only the mark for more messages stays after the rest was read.
//
// Unlike Django, two requests at once lose no message in the session: a message that one
// of them adds goes behind those that the other one stored, and only messages that a
// request read are removed. A message that another request read, or that a logout
// removed, does not come back. In a cookie the later response wins.
//
// Unlike Django, which answers every page with an error from then on, a session key or a
// well-signed cookie that holds no messages is reported to the Logger and removed.
//
// # Security
//
// The cookie is signed, not encrypted: whoever has it can read it, and can send an old
// one again. Django's templates do not escape text that is marked as Safe: never put text
// of a visitor into it.
package djmessages
