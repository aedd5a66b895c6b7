#!/usr/bin/env bats
# stream.bats: parpix run --max-memory: the same files in less memory than the image takes.

bats_require_minimum_version 1.5.0

setup() {
    PARPIX=$(realpath "${PARPIX:-$BATS_TEST_DIRNAME/../build/parpix}")
    unset PARPIX_SIMD OMP_SCHEDULE
    export OMP_NUM_THREADS=2
    cd "$BATS_TEST_TMPDIR" || exit
}

parpix() {
    run --separate-stderr "$PARPIX" "$@"
}

# Exit code 2, and one line on stderr that contains each word.
refused() {
    local word
    [ "$status" -eq 2 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    for word in "$@"; do
        [[ $stderr == *"$word"* ]] || { echo "no \"$word\" in: $stderr"; false; }
    done
}

@test "a chain with a reduction streams in half the image's memory, byte for byte" {
    "$PARPIX" gen cells -o in.pgm --size 6000x16000
    "$PARPIX" run gaussian:sigma=2+otsu+invert in.pgm -o whole.png -q --json whole.json
    "$PARPIX" run gaussian:sigma=2+otsu+invert in.pgm -o rows.png -q --json rows.json --max-memory 48M
    cmp whole.png rows.png
    [ "$(jq -r .checksum whole.json)" = "$(jq -r .checksum rows.json)" ]
    [ "$(jq -c .findings whole.json)" = "$(jq -c .findings rows.json)" ]
    peak=$(jq '.per_rank[0].peak_kbytes' rows.json) whole=$(jq '.per_rank[0].peak_kbytes' whole.json)
    echo "peak: $peak kB, in memory $whole kB"
    [ "$peak" -lt 48000 ]
    [ "$whole" -gt 150000 ]
}

@test "every format streams from and to every other" {
    "$PARPIX" gen cells -o in.png --size 300x500
    "$PARPIX" run sobel in.png -o wanted.npy -q
    for from in png pgm npy; do
        "$PARPIX" run copy in.png -o "from.$from" -q
        for to in png pgm npy; do
            "$PARPIX" run sobel "from.$from" -o "to.$to" -q --max-memory 40M
            "$PARPIX" compare "to.$to" wanted.npy
        done
    done
}

@test "what cannot stream is refused in one line" {
    "$PARPIX" gen cells -o in.png --size 900x900
    parpix run label in.png -o out.npy --max-memory 100M
    refused label "whole image" --max-memory
    parpix run copy in.png -o out.png --max-memory 1M
    refused "takes" MB "allows 1"
    parpix run copy in.png -o out.png --max-memory none
    refused --max-memory
    run --separate-stderr "$PARPIX" run equalize - -o out.png --max-memory 100M < in.png
    refused "standard input"
    [ ! -e out.png ] && [ ! -e out.npy ]
}

@test "a file that ends early is refused, and nothing is left of the output" {
    "$PARPIX" gen cells -o in.png --size 900x900
    head -c 100000 in.png > short.png
    parpix run sobel short.png -o out.png --max-memory 100M
    refused short.png truncated
    [ ! -e out.png ]
}
