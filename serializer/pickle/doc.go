// Package pickle reads and writes Python's pickles without running anything. Django's
// caches keep values as pickles, and its PickleSerializer wrote them until Django 5.0.
//
//	d, err := pickle.Serializer{}.Loads(data)            // a session
//	v, err := pickle.Load(data, nil)                     // any value
//	data, err := pickle.Append(nil, v, nil)              // pickle.dumps(v, protocol=4)
//
// # Reading
//
// A pickle is a program: it names classes and functions, and calls them. In Python
// whoever can write one can do anything. Here a name is only a name. Names of the
// standard library and of Django that sessions hold become the named types of package
// serializer: datetimes, Decimal, UUID, sets, OrderedDict, SafeString, Message and so on.
// Every other object is a *serializer.Object, which says how the pickle would have made
// it, and is written as it was read.
//
// The package reads all protocols from 0 to 5, by Python 2's cPickle, any Python 3, or
// another library. One object in Python is one object in Go: a list that is held twice, a
// dict that holds itself. Dicts and sets keep their order. Of equal keys the last value
// counts, as in Python. An unhashable key is an error. The package does not read
// persistent ids, the extension registry and buffers that travel outside of the pickle:
// no session has them.
//
// Loads checks all of a session, and makes its values when somebody asks for them.
//
// # Writing
//
// The output equals, byte for byte, the output of the C pickler of CPython 3.8 and later
// for the same value, in protocols 2 to 5: frames, batches, and the numbers of the memo.
// A session that was read and not changed is written as it was. A changed session is
// written anew with the protocol that it was read with (2 in place of 0 and 1); its
// unchanged parts are written as they were, even those of Python 2.
//
// CPython writes an object once, and refers to it when it meets it again. Go does not say
// which texts are one object. Here two strings are one object if they lie in the same
// memory, as those of one constant do. As in CPython there is one empty string, and one
// string of each character below U+0100. Freeze makes equal keys of dicts one string, as
// json.loads does. A datetime, a Decimal and the other types that are no pointers are
// written anew each time.
//
// # Limits
//
// serializer.Limits bound everything before memory is allocated for it: the length, the
// number of values, their depth, the digits of an int. A number of the memo may not
// exceed the length of the pickle. So reading takes at most some thirty times the length
// of a pickle in memory, and a pickle that fails early costs next to nothing. Errors are
// *serializer.DecodeError, with the offset, and hold nothing of the data.
//
// A value can be far larger for a walk over it than it is in memory: forty tuples that
// hold the next one twice are 2^40 values. A walk over values from outside must count.
//
// # Security
//
// Pickles in a cache are not signed. Whoever can write them runs code in Django, and can
// log in as anyone here. Reading them is safe; trusting them is not.
package pickle
