// Package handover moves one session from the old engine of a site to the new one, while
// other programs move it too, log its user out, or write it. It is the protocol of package
// movingstore and of `djsession migrate --switched`.
//
// The two engines have no transaction in common. Each step below is one compare and swap on
// one engine, and a program may be killed after any of them:
//
//  1. Claim: on the old engine, the session becomes a claim. A claim is the session with
//     its names changed ([hide]), and a note with an id and the time.
//  2. Reserve: the new engine gets a reservation with the id of the claim. It holds all of
//     the session, hidden in the same way. So if the new engine refuses the session, it
//     does so here, and step 1 is undone.
//  3. Commit: on the old engine, the claim becomes the note that the move is committed. It
//     holds no data. From now on the new engine decides.
//  4. Fill: on the new engine, the reservation becomes the session. This never creates.
//  5. Forget: the committed note is deleted.
//
// Whoever finds a reservation of the claim commits it. Whoever finds it committed fills it.
// Only a claim without its reservation has to wait for the program that made it. When its
// lease has ended, somebody else replaces it by a claim of his own. Ids are never used
// twice, and only the program that made a claim makes its reservation, once. So a
// reservation that comes late is never filled.
//
// A logout ends the session or the claim on the old engine, and then deletes on the new
// one. Beside a committed note only the new engine counts.
//
// # What Django sees
//
// A Django that reads a claim, a reservation or a committed note finds an anonymous session
// with names that it does not know. It does not fail, and keeps the cookie. If it saves the
// session, the note stays in it, so the move goes on; what Django added is kept, unless the
// session has the name already. If it logs somebody in, the session gets a new key, for
// which the note does not count. If it logs out, it deletes the note, and the move ends.
package handover
