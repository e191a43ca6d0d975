#!/usr/bin/env bash
# Instructions per operation, counted by callgrind: exact to a few hundredths, whatever else the machine does.
#
#   benches/instructions.sh                        every scenario of one thread, every implementation
#   benches/instructions.sh 'sendrecv|tryrecv'     the scenarios that match
#   benches/instructions.sh '' gosync flume        these implementations
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
wanted=("$@")

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

# A table per family: the implementations are the family's.
heading=
"$binary" --list | while read -r family operation all; do
    if ! grep -qE -- "$pattern" <<<"$operation"; then
        continue
    fi
    read -ra implementations <<<"${wanted[*]:-$all}"
    if [[ $heading != "$family ${implementations[*]}" ]]; then
        heading="$family ${implementations[*]}"
        printf '\n| instructions per operation |'; printf ' %s |' "${implementations[@]}"; echo
        printf '| --- |'; printf ' ---: |%.0s' "${implementations[@]}"; echo
    fi
    printf '| %s |' "$operation"
    for implementation in "${implementations[@]}"; do
        printf ' %s |' "$(per_operation "$implementation" "$operation" </dev/null)"
    done
    echo
done
