#!/bin/sh
# deidentify of the default agreement (all its match keys, and the hardened fuzzy column) beside
# clkhash 0.18.3 with four fields: same export, same number of workers, in turns. clkhash is given
# the first rows only, since it needs minutes for all.
#
# usage: benches/peers/clkhash.sh [PEOPLE] [ROWS] [RUNS]   1000000 people, 50000 rows for clkhash,
#                                                          best of 3 runs
# PEERS names the folder for clkhash and the data (default: target/peers).
set -eu
cd "$(dirname "$0")/../.."
people=${1:-1000000}
rows=${2:-50000}
runs=${3:-3}
peers=${PEERS:-target/peers}
workers=${WORKERS:-2}
python=$peers/anonlink/bin/python
town=$peers/town-$people

if [ ! -x "$python" ] || ! "$python" -c 'import clkhash'; then
    python3 -m venv "$peers/anonlink"
    "$python" -m pip install -q anonlink==0.15.3 clkhash==0.18.3 'setuptools<81'
fi
cargo build -q --release --bin veilway
veilway=target/release/veilway
[ -s "$town/truth.csv" ] || $veilway -q synth --people "$people" --out "$town" --force
[ -f "$town/project.key" ] || $veilway -q key new --project "$town/project.toml" --out "$town/project.key"
export=$town/housing/export.csv
# clkhash does not look for people held twice, so neither do we.
sed 's/^unique_people = .*/unique_people = true/; /^join_duplicates/d' \
    "$town/housing/source.toml" > "$town/source.toml"
lines=$(($(wc -l < "$export") - 1))

for _ in $(seq "$runs"); do
    # Its workers' CPU seconds are known once it has ended; its start is among them.
    { command time -f '%U %S' "$python" benches/peers/clkhash_side.py "$export" "$rows" "$workers" \
        > "$town/clks"; } 2> "$town/time"
    echo "clkhash $(cat "$town/clks") $(tail -1 "$town/time" | awk '{ print $1 + $2 }')"
    rm -rf "$town/out"
    { command time -f '%e %U %S' $veilway -q deidentify "$export" --project "$town/project.toml" \
        --source "$town/source.toml" --key-file "$town/project.key" --out "$town/out" \
        --threads "$workers"; } 2> "$town/time"
    tail -1 "$town/time" | awk -v rows="$lines" '{ print "veilway", rows, $1, $2 + $3 }'
done | awk '
    { if (!($1 in best) || $3 / $2 < best[$1]) best[$1] = $3 / $2
      if (!($1 in cpu) || $4 / $2 < cpu[$1]) cpu[$1] = $4 / $2 }
    END {
        printf "%-10s %14s %18s\n", "method", "records/s", "records/CPU s"
        for (name in best) printf "%-10s %14.0f %18.0f\n", name, 1 / best[name], 1 / cpu[name]
        printf "%-10s %14.1f %18.1f\n", "ratio", best["clkhash"] / best["veilway"], \
            cpu["clkhash"] / cpu["veilway"]
    }'
