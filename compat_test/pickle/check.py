"""Loads pickles that the Go test wrote, and says which of them are not what CPython pickled. CPython 2.7 and 3.

Standard input: one JSON object a line, {"name", "want", "got", "alike"}, those in base64; with alike, texts and bytes need
only be equal, and not the same objects in the same places. Standard output: a line for each one that
differs, and then the number of lines read.
"""
import base64
import json
import os
import sys

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(root, "fixtures", "gen"))

from pickle_describe import describe  # noqa: E402

if sys.version_info[0] == 2:
    import cPickle as pickle
else:
    import pickle
if "--django" in sys.argv:
    import django
    from django.conf import settings

    settings.configure(USE_I18N=True, USE_TZ=True, LANGUAGES=[("en", "English")], SECRET_KEY="corpus")
    django.setup()


def main():
    count = 0
    for line in sys.stdin:
        pair = json.loads(line)
        count += 1
        try:
            # Protocol 2, for what is below 4 has no fold.
            want, got = (describe(pickle.loads(base64.b64decode(pair[side])), 2, pair["alike"]) for side in ("want", "got"))
            if want != got:
                print("%s: got %.500r, want %.500r" % (pair["name"], got, want))
        except Exception as e:
            print("%s: %s %s" % (pair["name"], type(e).__name__, e))
    print(count)


main()
