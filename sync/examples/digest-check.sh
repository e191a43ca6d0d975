#!/usr/bin/env bash
# Checks the example `digest` against find and sha256sum, on a tree of 12,000 files and on this repository, and compares
# the times that they take. Needs Rust, coreutils and findutils, and 700 MB for temporary files.
set -euo pipefail
export LC_ALL=C
readonly ROUNDS=${ROUNDS:-7}

cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
readonly tree=$scratch/tree sums=$scratch/sums

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# Builds the program, wherever Cargo is told to put it.
messages=$(cargo build --release --package gosync --example digest --message-format json-render-diagnostics)
digest=
while read -r message; do
    if [[ $message == *'"kind":["example"]'* ]]; then
        digest=${message#*'"executable":"'}
        digest=${digest%%'"'*}
    fi
done <<<"$messages"
[[ -x $digest ]] || fail "no program"

# A thousand files of each size, in a few folders.
make_tree() {
    mkdir -p "$tree/empty folder" "$tree/none"
    local size folder
    for size in 1 64 700 4096 9999 20000 32768 65536 100000 150000 204800; do
        folder=$tree/$((size % 7))/$((size % 3))
        mkdir -p "$folder"
        head -c $((size * 1000)) /dev/urandom | split -b "$size" -a 3 -d - "$folder/$size "
    done
    (cd "$tree/none" && touch {000..999})
}

# Whether $sums is complete, sorted and correct: what find prints is on stdin.
check() {
    sort >"$scratch/found"
    cut -c 67- "$sums" >"$scratch/printed"
    sort -c "$scratch/printed" || fail "not sorted"
    local difference
    difference=$(comm -3 "$scratch/found" "$scratch/printed")
    [[ -z $difference ]] || fail "not the files that find prints: $difference"
    sha256sum --check --strict --quiet "$sums" || fail "not what sha256sum prints"
    echo "$1: $(wc -l <"$sums") files, as find and sha256sum print them"
}

# Runs a command; $elapsed is how long it took, in microseconds.
time_of() {
    local start
    start=$(date +%s%N)
    "$@" >"$scratch/timed"
    elapsed=$((($(date +%s%N) - start) / 1000))
}

gnu() {
    find . -type f -print0 | xargs -0 -n 64 -P "$(nproc)" sha256sum
}

median() {
    sort -n | head -n $((ROUNDS / 2 + 1)) | tail -n 1
}

make_tree
(
    cd "$tree"
    "$digest" . >"$sums"
    find . -type f | check "tree"
    (($(wc -l <"$sums") >= 10000)) || fail "too small a tree"
)

"$digest" >"$sums"
find . \( -path ./.git -o -path ./target \) -type d -prune -o -type f -print | check "repository"

# In turns, so that whatever else runs here disturbs both.
cd "$tree"
for ((round = 0; round < ROUNDS; round++)); do
    time_of "$digest" .
    ours=$elapsed
    time_of gnu
    theirs=$elapsed
    echo "$ours" >>"$scratch/ours"
    echo "$theirs" >>"$scratch/theirs"
    echo $((ours * 1000 / theirs)) >>"$scratch/ratios"
done
ratio=$(median <"$scratch/ratios")
echo "times: digest $(median <"$scratch/ours") us, find | xargs -P $(nproc) sha256sum $(median <"$scratch/theirs") us"
printf 'ratio: %d.%03d (medians of %d rounds)\n' $((ratio / 1000)) $((ratio % 1000)) "$ROUNDS"
