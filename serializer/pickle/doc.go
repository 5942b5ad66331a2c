// Package pickle reads and writes Python's pickles without running anything: what
// Django's caches keep, and what its PickleSerializer wrote until Django 5.0.
//
//	d, err := pickle.Serializer{}.Loads(data)            // a session
//	v, err := pickle.Load(data, nil)                     // any value
//	data, err := pickle.Append(nil, v, nil)              // pickle.dumps(v, protocol=4)
//
// # Reading
//
// A pickle is a program: it names classes and functions, and calls them. In Python
// whoever can write one can do anything. Here a name is only a name. Those of the
// standard library and of Django that sessions hold become the named types of
// package serializer: datetimes, Decimal, UUID, sets, OrderedDict, SafeString,
// Message and so on. Every other object is a *serializer.Object, which tells how
// the pickle would have made it, and is written back as it came.
//
// All protocols from 0 to 5 are read, whoever wrote them: Python 2's cPickle, any
// Python 3, or another library. What is one object in Python is one in Go: a list
// that is held twice, a dict that holds itself. The order of dicts and sets is
// kept. Of equal keys the last value counts, as in Python, and an unhashable key
// is an error. Not read are persistent ids, the extension registry and buffers
// that travel outside of the pickle: nothing in a session has them.
//
// Loads checks all of a session, and makes its values when they are asked for.
//
// # Writing
//
// What is written equals, byte for byte, what the C pickler of CPython 3.8 and later
// writes for the same value, for protocols 2 to 5: frames, batches, the numbers of
// the memo and all. A session that was read and not changed goes back as it was;
// after a change it is written anew with the protocol that it came with (2, if that
// was 0 or 1), and all that was left alone is written as it came, by Python 2 too.
//
// CPython writes an object once, and refers to it when it meets it again. Which
// objects are one, Go does not say of texts; here two strings are one object if they
// lie in the same memory, as those of one constant do. The empty string and those of
// one character below U+0100 are one each, as in CPython. Freeze makes equal keys of
// dicts one string, as json.loads does. A datetime, a Decimal and the other types
// that are no pointers are written anew each time.
//
// # Limits
//
// Everything is bounded by serializer.Limits before memory is taken for it: the
// length, the values, how deep they nest, the digits of an int. A number of the
// memo is not larger than the pickle is long. So at most some thirty times the
// length of a pickle is taken in memory, in the worst case, and what fails early
// costs next to nothing. Errors are *serializer.DecodeError, with the offset, and
// hold nothing of the data.
//
// A value can be far larger when somebody walks over it than it is in memory: forty
// tuples that hold the next one twice are 2^40 values. Who walks over values from
// outside must count.
//
// # Security
//
// Pickles in a cache are not signed. Whoever can write them runs code in Django, and
// is logged in as anyone here. Reading them is safe; believing them is another matter.
package pickle
