"""clkhash's time for making filters of four fields of an export.

usage: python clkhash_side.py EXPORT ROWS WORKERS

One line: records, seconds. From the CSV to the list of filters, each record checked
against the schema, as its own command does; nothing is written.
"""

import csv
import io
import sys
import time

from clkhash import clk
from clkhash import schema as clk_schema

FIELDS = [
    ("family_name", "surname", 200),
    ("given_name", "given_name", 200),
    ("birth_date", "dob", 200),
    ("postcode", "postcode", 100),
]


def feature(name, bits):
    digits = name in ("birth_date", "postcode")
    comparison = {"type": "ngram", "n": 1 if digits else 2, "positional": digits}
    return {
        "identifier": name,
        "format": {"type": "string", "encoding": "utf-8"},
        "hashing": {
            "comparison": comparison,
            "strategy": {"bitsPerFeature": bits},
            "hash": {"type": "blakeHash"},
        },
    }


def schema():
    return clk_schema.from_json_dict(
        {
            "version": 3,
            "clkConfig": {"l": 1024, "kdf": {"type": "HKDF", "hash": "SHA256", "keySize": 64}},
            "features": [feature(name, bits) for name, _, bits in FIELDS],
        }
    )


def column(header, spellings):
    return next(header.index(name) for name in spellings if name in header)


def main():
    path, rows, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with open(path, newline="", encoding="utf-8") as export:
        lines = csv.reader(export)
        header = next(lines)
        places = [column(header, spellings) for *spellings, _ in FIELDS]
        text = io.StringIO()
        picked = csv.writer(text)
        picked.writerow([name for name, _, _ in FIELDS])
        count = 0
        for line, _ in zip(lines, range(rows)):
            picked.writerow([line[place] for place in places])
            count += 1
    text.seek(0)
    start = time.perf_counter()
    filters = clk.generate_clk_from_csv(
        text, "bench secret", schema(), validate=True, progress_bar=False, max_workers=workers
    )
    seconds = time.perf_counter() - start
    if len(filters) != count:
        sys.exit("a filter for each record was expected")
    print(count, f"{seconds:.3f}")


if __name__ == "__main__":
    main()
