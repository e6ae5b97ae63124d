#!/bin/sh
# Two files of people to links and clusters, beside Splink 5 on DuckDB: same files, same machine,
# two threads each, in turns, the least of several runs. Splink reads names; Veilway is timed as
# the linkage unit meets it, from packages to maps, and the agencies' part is told beside it.
#
# usage: benches/peers/splink.sh A.csv B.csv [RUNS]
# Columns: rec_id, given_name, surname, sex, dob (YYYY-MM-DD), suburb, postcode; each file holds a
# person once. PEERS names the folder for Splink and the packages (default: target/peers).
set -eu
runs=${3:-3}
a=$(realpath "$1")
b=$(realpath "$2")
cd "$(dirname "$0")/../.."
peers=$(realpath -m "${PEERS:-target/peers}")
python=$peers/splink/bin/python
home=$peers/link

if [ ! -x "$python" ] || ! "$python" -c 'import splink'; then
    python3 -m venv "$peers/splink"
    "$python" -m pip install -q splink==5.0.0 duckdb==1.5.6 pandas
fi
cargo build -q --release
veilway=$PWD/${CARGO_TARGET_DIR:-target}/release/veilway
[ -x "$veilway" ] || veilway=$CARGO_TARGET_DIR/release/veilway

# Wall seconds, CPU seconds and peak memory in MB of a command, behind a name.
measured() {
    name=$1
    shift
    "$python" - "$name" "$@" <<'PYTHON'
import resource, subprocess, sys, time
start = time.monotonic()
subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL)
wall, used = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{sys.argv[1]} {wall:.2f} {used.ru_utime + used.ru_stime:.2f} {used.ru_maxrss / 1000:.0f}")
PYTHON
}

rm -rf "$home"
mkdir -p "$home"
cd "$home"
"$veilway" -q project new --preset minimal --id peers --out project.toml
"$veilway" -q key new --project project.toml --out project.key >/dev/null
{
    for side in a b; do
        eval file=\$$side
        "$veilway" -q source new "$file" --project project.toml --name "agency-$side" \
            --date-format %Y-%m-%d --unique-people --out "$side.toml"
        measured "deidentify-$side" "$veilway" -q --threads 2 deidentify "$file" \
            --project project.toml --source "$side.toml" --key-file project.key --out "$side"
    done
    for _ in $(seq "$runs"); do
        measured link "$veilway" -q --threads 2 link a/to-linkage-unit/agency-a.package.arrow \
            b/to-linkage-unit/agency-b.package.arrow --project project.toml --out links --force
        "$python" "$OLDPWD/benches/peers/splink_side.py" "$a" "$b" "$home/splink" 2
    done
} | awk '
    { if (!($1 in wall)) { order[++n] = $1; wall[$1] = cpu[$1] = peak[$1] = 1e9 }
      if ($2 < wall[$1]) wall[$1] = $2
      if ($3 < cpu[$1]) cpu[$1] = $3
      if ($4 < peak[$1]) peak[$1] = $4 }
    END {
        printf "%-14s %9s %9s %9s\n", "job", "wall s", "CPU s", "peak MB"
        for (i = 1; i <= n; i++)
            printf "%-14s %9.2f %9.2f %9.0f\n", order[i], wall[order[i]], cpu[order[i]], peak[order[i]]
        if (!("splink" in wall) || !("link" in wall)) exit 1
        printf "%-14s %8.1fx %8.1fx %8.2fx\n", "splink / link", wall["splink"] / wall["link"],
            cpu["splink"] / cpu["link"], peak["splink"] / peak["link"]
    }'
