# -*- coding: utf-8 -*-
"""What a JSON session can hold, with the Python type spelled out, so that 1, 1.0, True and "1" never blur.

The tags are those of the fixtures: {"type": "int", "value": "1"}. A dict is a list of pairs, because its order counts; a
text with a surrogate that lacks its other half goes as the hexadecimal digits of its UTF-8 ("wtf8").
"""
import binascii
import re
import sys
from collections import OrderedDict

PY2 = sys.version_info[0] == 2
if PY2:
    text_type, integer_types = unicode, (int, long)  # noqa: F821
    new_dict = OrderedDict
else:
    text_type, integer_types = str, (int,)
    new_dict = dict

LONE = re.compile(u"[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]")


def tag(value):
    if value is None or isinstance(value, bool):
        return {"type": "none" if value is None else "bool", "value": value}
    if isinstance(value, integer_types):
        return {"type": "int", "value": "%d" % value}
    if isinstance(value, float):
        return {"type": "float", "value": repr(value)}
    if PY2 and isinstance(value, bytes):
        value = value.decode("ascii")
    if isinstance(value, text_type):
        if LONE.search(value):
            raw = value.encode("utf-8") if PY2 else value.encode("utf-8", "surrogatepass")
            return {"type": "wtf8", "value": binascii.hexlify(raw).decode("ascii")}
        return {"type": "str", "value": value}
    if isinstance(value, list):
        return {"type": "list", "value": [tag(item) for item in value]}
    if isinstance(value, dict):
        return {"type": "dict", "value": [[tag(key), tag(item)] for key, item in value.items()]}
    raise TypeError("no tag for %s" % type(value).__name__)


def untag(tagged):
    kind, value = tagged["type"], tagged["value"]
    if kind in ("none", "bool", "str"):
        return value
    if kind == "int":
        return int(value)
    if kind == "float":
        return float(value)
    if kind == "wtf8":
        raw = binascii.unhexlify(value)
        return raw.decode("utf-8") if PY2 else raw.decode("utf-8", "surrogatepass")
    if kind == "list":
        return [untag(item) for item in value]
    if kind == "dict":
        return new_dict((untag(key), untag(item)) for key, item in value)
    raise TypeError("no value for the tag %s" % kind)
