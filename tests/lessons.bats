#!/usr/bin/env bats
# The lessons as a user meets them. Broken variants are measured, not tested, but for the race: it is
# made so that it fails in nearly every run.

bats_require_minimum_version 1.5.0

setup_file() {
    source tests/environment.sh
    unset OMP_WAIT_POLICY
    PARPIX=$(realpath "${PARPIX:-${BUILD:-build}/parpix}")
    export PARPIX
}

setup() {
    cd "$BATS_TEST_TMPDIR" || exit
}

names() {
    "$PARPIX" lesson | awk '/^  / { print $1 }'
}

two_cpus() {
    [ "$(nproc)" -ge 2 ] || skip "needs two CPUs"
}

# Exit code 2, one line on stderr that contains each word.
refused() {
    local word
    [ "$status" -eq 2 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    for word in "$@"; do
        [[ $stderr == *"$word"* ]] || { echo "no \"$word\" in: $stderr"; false; }
    done
}

@test "without a name there is a list" {
    run --separate-stderr "$PARPIX" lesson
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    for name in race messages pool python; do
        [[ $output == *"  $name "* ]]
    done
}

@test "an unknown lesson is one line that names the nearest" {
    run --separate-stderr "$PARPIX" lesson rase
    refused rase '"race"'
    [ -z "$output" ]
    run --separate-stderr "$PARPIX" lesson xyzzyx
    refused xyzzyx
    run --separate-stderr "$PARPIX" lesson race race
    refused race
}

@test "zero threads, no size and no repeat are refused" {
    run --separate-stderr "$PARPIX" lesson race -t 0
    refused -t
    run --separate-stderr "$PARPIX" lesson race --size 0x5
    refused
    run --separate-stderr "$PARPIX" lesson race --repeat 0
    refused --repeat
}

@test "an image too small to show it is refused by every lesson" {
    for name in $(names); do
        run --separate-stderr "$PARPIX" lesson "$name" -t 2 --size 2x2
        refused "$name" "too small" pixels
    done
}

@test "with one thread a lesson is skipped and says so" {
    for name in $(names); do
        run --separate-stderr "$PARPIX" lesson "$name" -t 1
        [ "$status" -eq 0 ]
        [[ $output == *"skipped: with one thread"* ]]
    done
}

# A size near the least that the lesson takes, so that all of them are soon done.
small_size() { # NAME
    local least width
    least=$("$PARPIX" lesson "$1" -t 2 --size 2x2 2>&1 >/dev/null | sed -nE 's/.*take ([0-9]+) pixels.*/\1/p')
    width=$(awk -v n="$least" 'BEGIN { w = int(sqrt(n)); while (w * w < n) w++; print w }')
    echo "${width}x$width"
}

@test "in every lesson the correct variants are right, and its table is JSON" {
    two_cpus
    for name in $(names); do
        size=$(small_size "$name")
        run --separate-stderr timeout 120 "$PARPIX" lesson "$name" -t 2 --size "$size" --repeat 2 --json "$name.json"
        [ "$status" -eq 0 ] || { echo "$name: exit $status: $output $stderr"; false; }
        [[ $output == *"Look at "* ]]
        [ -z "$(jq -r '.[].rows[] | select(.kind != "broken" and .wrong_runs > 0) | .variant' "$name.json")" ]
        if [[ $output == *skipped:* ]]; then continue; fi
        [ "$(jq '[.[].rows[] | select(.kind == "correct")] | length' "$name.json")" -ge 1 ]
        [ "$(jq '[.[] | .lesson, .threads, .width, .height, .wrong_is, .text] | map(select(. == null)) | length' "$name.json")" -eq 0 ]
        [ "$(jq '[.[].rows[] | select(.seconds <= 0 or .runs < 1)] | length' "$name.json")" -eq 0 ]
    done
}

@test "other numbers of threads than processors" {
    two_cpus
    for threads in 3 8; do
        for name in race messages; do
            run --separate-stderr timeout 120 "$PARPIX" lesson "$name" -t $threads --size 512x512 --repeat 1 --json t.json
            [ "$status" -eq 0 ]
            [ "$(jq '.[0].threads' t.json)" -eq $threads ]
        done
    done
}

@test "--correct runs no broken variant" {
    two_cpus
    run --separate-stderr "$PARPIX" lesson race -t 2 --size 512x512 --repeat 1 --correct --json c.json
    [ "$status" -eq 0 ]
    [[ $output != *BROKEN* ]]
    [ "$(jq '[.[].rows[] | select(.kind == "broken")] | length' c.json)" -eq 0 ]
    [ "$(jq '[.[].rows[] | select(.kind == "correct")] | length' c.json)" -ge 3 ]
}

@test "the race loses updates in at least 9 of 10 runs, and the picture is another one" {
    two_cpus
    "$PARPIX" lesson race -t 2 --repeat 10 --json race.json --output wrong.png
    wrong=$(jq '[.[0].rows[] | select(.kind == "broken") | .wrong_runs] | max' race.json)
    [ "$wrong" -ge 9 ]
    "$PARPIX" lesson race -t 2 --repeat 1 --correct --output right.png
    run "$PARPIX" compare right.png wrong.png
    [ "$status" -eq 1 ]
}

@test "processes and ranks: bytes are copied by pipes and messages, none by what is shared" {
    two_cpus
    [ -x "$PARPIX-mpi" ] || skip "built without MPI"
    "$PARPIX" lesson messages -t 2 --size 512x512 --repeat 2 --json m.json
    copied() { jq "[.[].rows[] | select(.variant | test(\"$1\")) | .extra | .[\"MB copied\"] // .[\"MB sent\"]] | add" m.json; }
    [ "$(jq length m.json)" -eq 2 ]
    [ "$(copied 'result by pipe')" = 0.131072 ]
    [ "$(copied 'mapping|window|threads')" = 0 ]
    [ "$(copied Scatterv)" = 0.263168 ]
    [ "$(copied 'halos only')" = 0.001024 ]
}

@test "a pool of ranks: shares dealt out in advance leave a rank idle, a counter does not" {
    two_cpus
    [ -x "$PARPIX-mpi" ] || skip "built without MPI"
    "$PARPIX" lesson pool -t 2 --size 512x512 --repeat 5 --json p.json
    tail() { jq ".[0].rows[] | select(.variant == \"$1\") | .extra[\"tail ms\"]" p.json; }
    awk "BEGIN { exit !($(tail 'all dealt out in advance') > $(tail 'chunks of 1')) }"
    [ "$(jq '.[0].rows[] | select(.variant == "chunks of 1") | .extra.requests' p.json)" -eq 66 ]
}

@test "Python: C is at least 20 times as fast" {
    two_cpus
    command -v python3 || skip "needs python3"
    run --separate-stderr "$PARPIX" lesson python -t 2 --size 512x512 --repeat 5 --json py.json
    [ "$status" -eq 0 ]
    [ "$(jq length py.json)" -eq 1 ] || skip "$(grep skipped <<<"$output")"
    [ "$(jq '[.[0].rows[] | select(.variant | test("C, .* 1 thread")) | .times_serial] | min >= 20' py.json)" = true ]
}

@test "without Python its lesson is skipped with the reason" {
    two_cpus
    mkdir empty
    run --separate-stderr env PATH="$PWD/empty" "$PARPIX" lesson python
    [ "$status" -eq 0 ]
    [[ $output == *"skipped: "* ]]
}

@test "a program alone skips what it needs others for" {
    two_cpus
    mkdir bin
    cp "$PARPIX" bin/
    run --separate-stderr bin/parpix lesson python
    [ "$status" -eq 0 ]
    [[ $output == *"skipped: there is no scripts/lessons/gil.py"* ]]
    run --separate-stderr bin/parpix lesson pool
    [ "$status" -eq 0 ]
    [[ $output == *"skipped on ranks: there is no parpix-mpi"* ]]
}
