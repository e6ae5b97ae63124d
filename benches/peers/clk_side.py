"""Filters for both sides, and anonlink's time over them.

usage: python clk_side.py make FOLDER ROWS     writes FOLDER/a.rows and FOLDER/b.rows: 1024-bit CLKs of
                                               made-up people, half of b being people of a with a typing error
       python clk_side.py time FOLDER RUNS     one line: name, seconds (best of RUNS), hits, digest of the hits
"""

import hashlib
import random
import sys
import time

WIDTH = 128
THRESHOLD = 0.8


def schema():
    from clkhash import schema as clk_schema

    def feature(name, bits, comparison):
        return {
            "identifier": name,
            "format": {"type": "string", "encoding": "utf-8"},
            "hashing": {
                "comparison": comparison,
                "strategy": {"bitsPerFeature": bits},
                "hash": {"type": "blakeHash"},
            },
        }

    bigrams, digits = {"type": "ngram", "n": 2}, {"type": "ngram", "n": 1, "positional": True}
    return clk_schema.from_json_dict(
        {
            "version": 3,
            "clkConfig": {"l": 8 * WIDTH, "kdf": {"type": "HKDF", "hash": "SHA256", "keySize": 64}},
            "features": [
                feature("given_name", 200, bigrams),
                feature("surname", 200, bigrams),
                feature("date_of_birth", 200, digits),
                feature("postcode", 100, digits),
            ],
        }
    )


def people(rows, seed):
    from clkhash.randomnames import NameList

    random.seed(seed)
    out = []
    for _, name, born, _ in NameList(rows).names:
        words = name.split(" ")
        postcode = f"{random.randint(800, 8999):04}"
        out.append([words[0].lower(), words[-1].lower(), str(born).replace("/", ""), postcode])
    return out


def mistyped(person):
    person = list(person)
    field = random.randrange(len(person))
    at = random.randrange(len(person[field]))
    signs = "0123456789" if field > 1 else "abcdefghijklmnopqrstuvwxyz"
    person[field] = person[field][:at] + random.choice(signs) + person[field][at + 1 :]
    return person


def make(folder, rows):
    from clkhash import clk

    a, b = people(rows, 1), people(rows, 2)
    b[: rows // 2] = [mistyped(person) for person in a[: rows // 2]]
    for name, side in (("a", a), ("b", b)):
        filters = clk.generate_clks(side, schema(), "bench secret", validate=False, max_workers=1)
        with open(f"{folder}/{name}.rows", "wb") as out:
            out.writelines(f.tobytes() for f in filters)


def read(path):
    from bitarray import bitarray

    with open(path, "rb") as rows:
        data = rows.read()
    out = []
    for at in range(0, len(data), WIDTH):
        bits = bitarray()
        bits.frombytes(data[at : at + WIDTH])
        out.append(bits)
    return out


def run(folder, runs):
    from anonlink.similarities import dice_coefficient_accelerated as dice

    sides = read(f"{folder}/a.rows"), read(f"{folder}/b.rows")
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        _, (i, j) = dice(sides, THRESHOLD)
        seconds.append(time.perf_counter() - start)
    hits = sorted(zip(i, j))
    digest = hashlib.sha256("".join(f"{i},{j}\n" for i, j in hits).encode()).hexdigest()[:16]
    print("anonlink", f"{min(seconds):.4f}", len(hits), digest)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]))
    else:
        run(sys.argv[2], int(sys.argv[3]))
