#!/bin/sh
# 1024-bit Dice >= 0.8 of every row against every row, beside anonlink 0.15.3: same filters, same
# machine, one core each, in turns. Refuses to print a time when the hits differ.
#
# usage: benches/peers/anonlink.sh [ROWS] [RUNS]      20000 rows a side, best of 5 runs
# PEERS names the folder for anonlink and the filters (default: target/peers).
set -eu
cd "$(dirname "$0")/../.."
rows=${1:-20000}
runs=${2:-5}
peers=${PEERS:-target/peers}
python=$peers/anonlink/bin/python
data=$peers/filters-$rows

if [ ! -x "$python" ] || ! "$python" -c 'import anonlink, clkhash'; then
    python3 -m venv "$peers/anonlink"
    "$python" -m pip install -q anonlink==0.15.3 clkhash 'setuptools<81'
fi
if [ ! -s "$data/b.rows" ]; then
    mkdir -p "$data"
    "$python" benches/peers/clk_side.py make "$data" "$rows"
fi
cargo build -q --release --example dice_scan

{
    "$python" benches/peers/clk_side.py time "$data" "$runs"
    cargo run -q --release --example dice_scan -- "$data" "$runs"
} | awk -v pairs="$((rows * rows))" '
    NR == 1 { hits = $3; digest = $4; peer = $2
              printf "%-18s %9s %14s %10s %10s\n", "method", "seconds", "M pairs/s", "hits", "x anonlink" }
    $3 != hits || $4 != digest { print "the hits of " $1 " are not those of anonlink"; bad = 1; exit }
    { printf "%-18s %9.4f %14.0f %10d %10.2f\n", $1, $2, pairs / $2 / 1e6, $3, peer / $2 }
    END { exit bad || NR < 2 }'
