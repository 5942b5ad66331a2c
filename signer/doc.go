// Package signer is django.core.signing: values signed with Django's SECRET_KEY, in
// Django's exact format, in both directions.
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
// Objects are bytes here. Package serializer turns them into values.
//
// # Units
//
// Timestamps are whole Unix seconds. Ages are time.Duration. As in Django, which compares
// floats, an age is compared with its fraction of a second, and an age of exactly the
// maximum is still good.
//
// # Errors
//
// Every error matches one of the sentinels of this package with errors.Is. No error text
// holds a key, a value, a signature or any part of the signed text.
//
// # Compatibility
//
// The package was read from and tested against Django 1.8, 1.11, 2.2, 3.2, 4.2, 5.2 and
// 6.1. The zero [Options] are the defaults of Django 4.0 and later; see [Options] for older
// sites. The output is Django's, byte for byte, and so is the compression, which is that of
// CPython's zlib: it decides by the same sizes what to compress. Under a good signature the
// package tolerates what Python's base64 and zlib tolerate: characters outside of the
// alphabet, and bytes after the end of the zlib stream.
//
// # Security
//
// Signatures are compared as text and in constant time, so a signature has exactly one
// spelling. Nothing is decoded or decompressed before its signature was checked, except
// by [InspectUnverified]. Limits bound sizes before memory is allocated. A service that
// must check sessions but not forge other signed values takes [DerivedKeys] in place of
// SECRET_KEY. Types that hold keys print as [redacted] under every verb.
package signer
