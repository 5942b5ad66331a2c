// Package signer is django.core.signing: values signed with Django's SECRET_KEY, in Django's exact format, in both directions.
//
//	value:signature              Signer
//	value:timestamp:signature    TimestampSigner; also what a signed cookie holds
//	base64:timestamp:signature   SignObject, Dumps; .base64:... when the data was compressed with zlib
//
// The parts of Django and their twins here:
//
//	Signer, TimestampSigner                    New, NewTimestamp
//	sign_object, unsign_object                 SignObject, UnsignObject
//	dumps, loads                               Dumps, Loads
//	get_cookie_signer                          Keys.ForCookies
//	get_signed_cookie, set_signed_cookie       NewCookieSigner
//	salted_hmac (django.utils.crypto)          NewMAC, SaltedHMAC, VerifySaltedHMAC
//	SECRET_KEY, SECRET_KEY_FALLBACKS           SecretKey
//
// Objects are bytes here. Turning them into values is the business of package serializer.
//
// # Units
//
// Timestamps are whole Unix seconds. Ages are time.Duration; they are compared to the nanosecond, and an age of exactly the
// maximum is still good, as in Django, which compares floats.
//
// # Errors
//
// Every error matches one of the sentinels of this package with errors.Is. No error text holds a key, a value, a signature or
// any part of what was signed.
//
// # Compatibility
//
// Read from and tested against Django 1.8, 1.11, 2.2, 3.2, 4.2, 5.2 and 6.1. The zero Options are the defaults of Django 4.0 and
// later; see Options for what older sites need. What is written is what Django writes, byte for byte, compressed data too: up to 16,000
// bytes it is what CPython's zlib makes of it. What is larger is compressed by the standard library, a few percent longer; Django reads
// it all the same. What Python's base64 and zlib tolerate under a good signature is tolerated here too: characters outside of the
// alphabet, and bytes after the end of the zlib stream.
//
// # Security
//
// Signatures are compared as text and in constant time, so a signature has exactly one spelling. Nothing is decoded or decompressed
// before its signature was checked, except by InspectUnverified. Sizes are limited before memory is allocated, see Limits. Keys
// need not be SECRET_KEY: see DerivedKeys for a service that can check sessions but not forge other signed values. Types that hold
// keys print as [redacted] under every verb.
package signer
