#!/bin/sh
# Counts the instructions of one line in one tick, by callgrind: `ticks` with so many ticks and with
# twice as many, so that what comes before the first tick is in neither figure.
#
#   benches/instructions.sh [target/release/ticks]
set -eu

program=${1:-target/release/ticks}
ticks=50
command -v valgrind >/dev/null || { echo "valgrind is not installed" >&2; exit 1; }
[ -x "$program" ] || { echo "$program is not there; cargo build --release -p confab-benches" >&2; exit 1; }

# Instructions of a run: listeners, talkers, ticks.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$program" --listeners "$1" --talkers "$2" --ticks "$3" 2>&1 |
        sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p'
}

printf '%10s %10s %28s\n' listeners talkers 'instructions per line-tick'
for room in '20 0' '18 2' '497 3' '450 50' '0 500'; do
    set -- $room
    once=$(count "$1" "$2" $ticks)
    twice=$(count "$1" "$2" $((2 * ticks)))
    printf '%10d %10d %28d\n' "$1" "$2" $(((twice - once) / (ticks * ($1 + $2))))
done
