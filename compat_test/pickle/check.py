"""Loads pickles that the Go test wrote, and says which of them are not what CPython pickled: commands for the harness of
internal/testkit/django. CPython 2.7 and 3.
"""
import base64
import sys

from pickle_describe import describe  # of fixtures/gen

if sys.version_info[0] == 2:
    import cPickle as pickle
else:
    import pickle


def do_setup():
    """Sets Django up, for pickles of what is Django's."""
    from django.conf import settings

    settings.configure(USE_I18N=True, USE_TZ=True, LANGUAGES=[("en", "English")], SECRET_KEY="corpus")
    django.setup()


def do_compare(want, got, alike):
    """What is different, or None. Both are base64; with alike, texts and bytes need only be equal, and not the same objects in
    the same places."""
    try:
        # Protocol 2, for what is below 4 has no fold.
        want, got = (describe(pickle.loads(base64.b64decode(side)), 2, alike) for side in (want, got))
        if want != got:
            return "got %.500r, want %.500r" % (got, want)
    except Exception as e:
        return "%s %s" % (type(e).__name__, e)
