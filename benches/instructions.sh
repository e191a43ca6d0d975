#!/usr/bin/env bash
# Instructions per operation, counted by callgrind: exact to a few hundredths, whatever else the machine does.
#
#   benches/instructions.sh                        gosync, crossbeam and kanal, every operation
#   benches/instructions.sh 'sendrecv|tryrecv'     the operations that match
#   benches/instructions.sh '' gosync flume        other implementations
#
# Each operation runs n and 11 n times; the difference divided by 10 n leaves out the start of the process.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
    echo "valgrind is missing. Debian, Ubuntu: apt-get install valgrind. Fedora: dnf install valgrind." >&2
    exit 1
fi

pattern=${1:-}
shift || true
implementations=("${@:-}")
if [[ -z ${implementations[0]} ]]; then
    implementations=(gosync crossbeam kanal)
fi

cargo build --quiet --profile bench -p gosync-benches --bin instructions
binary=$(cargo build --quiet --profile bench -p gosync-benches --bin instructions --message-format json |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')

# The number of instructions of a run; empty if the implementation has no such operation.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$binary" "$@" 2>&1 >/dev/null |
        sed -n 's/.*Collected : *\([0-9]*\).*/\1/p'
}

per_operation() {
    local n=2000 few many
    "$binary" "$1" "$2" 1 2>/dev/null || { echo "-"; return; }
    few=$(count "$1" "$2" $n)
    many=$(count "$1" "$2" $((11 * n)))
    awk -v d=$((many - few)) -v n=$((10 * n)) 'BEGIN { printf "%.1f\n", d / n }'
}

{ printf '| instructions per operation |'; printf ' %s |' "${implementations[@]}"; echo; }
{ printf '| --- |'; printf ' ---: |%.0s' "${implementations[@]}"; echo; }
for operation in $("$binary" --list | grep -E -- "$pattern"); do
    printf '| %s |' "$operation"
    for implementation in "${implementations[@]}"; do
        printf ' %s |' "$(per_operation "$implementation" "$operation")"
    done
    echo
done
