"""Reads values with the formats of django-redis: a command for the harness of internal/testkit/django. What is no compressed
stream is told apart, as django-redis by itself does not."""
import json

from django_redis.cache import RedisCache

COMPRESSORS = {"zlib": "ZlibCompressor", "gzip": "GzipCompressor", "lzma": "LzmaCompressor", "lz4": "Lz4Compressor", "zstd": "ZStdCompressor"}
SERIALIZERS = {"pickle": "PickleSerializer", "json": "JSONSerializer", "msgpack": "MSGPackSerializer"}


def client(name):
    options = {}
    compressor, _, serializer = name.rpartition("+")
    if compressor:
        options["COMPRESSOR"] = "django_redis.compressors.%s.%s" % (compressor, COMPRESSORS[compressor])
    if serializer == "herd":
        options["CLIENT_CLASS"] = "django_redis.client.HerdClient"
    else:
        options["SERIALIZER"] = "django_redis.serializers.%s.%s" % (serializer, SERIALIZERS[serializer])
    return RedisCache("redis://127.0.0.1:1/0", {"OPTIONS": options}).client


def read(name, raw):
    c = client(name)
    if "+" in name and len(c._serializer.dumps(c.decode(raw))) > c._compressor.min_length:
        c._compressor.decompress(raw)  # raises when it was not compressed
    value = c.decode(raw)
    if name == "herd":
        value, refresh = c._unpack(value)
        assert not refresh
    return json.dumps(value, separators=(",", ":"))


def do_read(format, value):
    """The value, in hex, as JSON."""
    return read(format, bytes.fromhex(value))
