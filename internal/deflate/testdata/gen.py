"""Writes zlib.txt: what zlib.compress makes of data that TestSameAsZlib makes too.

    python3 testdata/gen.py > testdata/zlib.txt
"""
import zlib


def numbers(seed):
    x = seed
    while True:
        x = (x * 1103515245 + 12345) % 2**31
        yield x >> 8


def data(kind, size, seed):
    n = numbers(seed)
    out = bytearray()
    while len(out) < size:
        if kind == "noise":
            out.append(next(n) % 256)
        elif kind == "two":
            out += b"ab"[next(n) % 2:][:1]
        elif kind == "same":
            out.append(seed % 256)
        elif kind == "skewed":  # each letter half as often as the one before
            bits, letter = next(n) % 2**20, 97
            while bits % 2:
                bits, letter = bits // 2, letter + 1
            out.append(letter)
        elif kind == "fibonacci":  # the longest codes there are
            x, a, b, letter = next(n) % 10946, 1, 2, 97
            while x >= a:
                a, b, letter = b, a + b, letter + 1
            out.append(letter)
        elif kind == "words":
            out += b'"key_%d":"%d",' % (next(n) % 50, next(n) % 10**(1 + seed % 7))
        elif kind == "period":
            block = bytes(next(n) % 256 for _ in range(1 + next(n) % 300))
            out += block * (size // len(block) + 1)
        elif kind == "copies":  # noise, and copies from anywhere before
            if len(out) > 5 and next(n) % 2:
                distance, length = 1 + next(n) % len(out), 3 + next(n) % 300
                for _ in range(length):
                    out.append(out[-distance])
            else:
                for _ in range(1 + next(n) % 20):
                    out.append(97 + next(n) % 26)
    return bytes(out[:size])


def line(kind, size, seed):
    c = zlib.compress(data(kind, size, seed))
    print(kind, size, seed, len(c), "%08x" % zlib.crc32(c))


for kind in "noise", "two", "same", "skewed", "fibonacci", "words", "copies", "period":
    for size in [*range(64), 172, 258, 259, 300, 517, 1000, 2048, 4096, 5000, 9001, 16000]:
        for seed in 1, 2, 3:
            line(kind, size, seed)
# More than one block, and more than one window. zlib moves its window at a position of
# 65,274 or soon after, depending on where the data ends.
for kind in "noise", "two", "same", "skewed", "words", "copies", "period":
    for size in 16383, 16384, 16385, 20000, 32767, 32768, 40000, 65535, 65536, 65537, 98041, 98305, 130811, 300000:
        for seed in 1, 2:
            line(kind, size, seed)
    for size in range(65260, 65550, 7):
        line(kind, size, size)
for kind in "words", "copies":
    line(kind, 1000000, 1)
# With these the code of the code lengths would have codes of more than seven bits.
for size in 1000, 2048, 5000, 16000:
    for seed in 10, 124, 143, 1057, 1116, 1869:
        line("period", size, seed)
