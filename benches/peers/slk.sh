#!/bin/sh
# slk beside a plain copy of the same export through the same reader and writer: wall time and CPU
# seconds, the least of several runs in turns; and instructions of one run each, where valgrind is
# there, of the first 20,000 rows on one thread.
#
# usage: benches/peers/slk.sh [PEOPLE] [RUNS]          1700000 people (about a million rows), best of 5
# WORK names the folder for the data (default: target/slk).
set -eu
cd "$(dirname "$0")/../.."
people=${1:-1700000}
runs=${2:-5}
work=${WORK:-target/slk}
cargo build -q --release --bin veilway --example copied
veilway=$PWD/target/release/veilway
copied=$PWD/target/release/examples/copied
mkdir -p "$work"
cd "$work"
town=town-$people
[ -s "$town/truth.csv" ] || "$veilway" -q synth --people "$people" --out "$town" --force
export=$town/housing/export.csv
source=$town/housing/source.toml

for _ in $(seq "$runs"); do
    { command time -f 'copy %e %U %S' "$copied" "$export" copy.csv; } 2>&1 | tail -1
    { command time -f 'slk %e %U %S' "$veilway" -q slk "$export" --source "$source" \
        --out keyed.csv --force; } 2>&1 | tail -1
done | awk -v rows="$(($(wc -l < "$export") - 1))" '
    !($1 in wall) || $2 < wall[$1] { wall[$1] = $2 }
    !($1 in cpu) || $3 + $4 < cpu[$1] { cpu[$1] = $3 + $4 }
    END {
        printf "%-20s %10s %10s\n", "of " rows " rows", "wall s", "CPU s"
        for (name in cpu) printf "%-20s %10.2f %10.2f\n", name, wall[name], cpu[name]
        printf "%-20s %10.2f %10.2f\n", "ratio", wall["slk"] / wall["copy"], cpu["slk"] / cpu["copy"]
    }'

command -v valgrind > /dev/null || exit 0
head -20001 "$export" > first.csv
# Instructions of a command.
counted() {
    RAYON_NUM_THREADS=1 valgrind --tool=callgrind --callgrind-out-file=counted "$@" > /dev/null 2>&1
    awk '/^(summary|totals):/ { print $2; exit }' counted
}
copy=$(counted "$copied" first.csv copy.csv)
slk=$(counted "$veilway" -q --threads 1 slk first.csv --source "$source" --out keyed.csv --force)
echo "$copy $slk" | awk '{ printf "instructions %26d %d, ratio %.2f\n", $1, $2, $2 / $1 }'
