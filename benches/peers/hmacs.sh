#!/bin/sh
# deidentify with match keys only, beside its HMACs alone: the same number of rows and keys, the
# same code for an HMAC. Instructions where the machine counts them, and CPU seconds; the least of
# several runs, in turns.
#
# usage: benches/peers/hmacs.sh [ROWS] [RUNS]          1000000 people, best of 3 runs
# WORK names the folder for the data (default: target/hmacs).
set -eu
cd "$(dirname "$0")/../.."
rows=${1:-1000000}
runs=${2:-3}
work=${WORK:-target/hmacs}
cargo build -q --release --bin veilway --example hmacs_alone
veilway=$PWD/target/release/veilway
alone=$PWD/target/release/examples/hmacs_alone
mkdir -p "$work"
cd "$work"
if [ ! -s "town-$rows/truth.csv" ]; then
    "$veilway" -q synth --people "$rows" --out "town-$rows" --force
fi
export=town-$rows/housing/export.csv
# Without the fuzzy column, without events, and without comparing the source's people with each
# other.
sed '/^\[fuzzy\]/,/^\[placeholders\]/{/^\[placeholders\]/!d}' "town-$rows/project.toml" > project.toml
sed 's/^unique_people = .*/unique_people = true/; /^join_duplicates/d; /^\[events\]/,$d' \
    "town-$rows/housing/source.toml" > source.toml
[ -f project.key ] || "$veilway" -q key new --project project.toml --out project.key
lines=$(($(wc -l < "$export") - 1))

# Instructions in user space (0 where they are not counted) and CPU seconds of a command.
cost() {
    if perf stat -e instructions:u true 2>&1 | grep -q 'not supported'; then
        count=0
        { command time -f '%U %S' "$@" > /dev/null; } 2> cost
    else
        { command time -f '%U %S' perf stat -x, -o counted -e instructions:u "$@" > /dev/null; } 2> cost
        count=$(grep -o '^[0-9]*' counted | tail -1)
    fi
    tail -1 cost | awk -v count="$count" '{ print count, $1 + $2 }'
}

for _ in $(seq "$runs"); do
    echo "hmacs $(cost "$alone" project.toml project.key "$lines")"
    rm -rf out
    echo "deidentify $(cost "$veilway" -q deidentify "$export" --project project.toml \
        --source source.toml --key-file project.key --out out)"
done | awk -v rows="$lines" '
    !($1 in cpu) || $3 < cpu[$1] { cpu[$1] = $3 }
    !($1 in ops) || $2 < ops[$1] { ops[$1] = $2 }
    END {
        printf "%-12s %16s %8s\n", "of " rows " rows", "instructions", "CPU s"
        for (name in cpu) printf "%-12s %16.0f %8.2f\n", name, ops[name], cpu[name]
        if (ops["hmacs"] > 0) printf "%-12s %16.2f", "ratio", ops["deidentify"] / ops["hmacs"]
        else printf "%-12s %16s", "ratio", "not counted"
        printf " %8.2f\n", cpu["deidentify"] / cpu["hmacs"]
    }'
