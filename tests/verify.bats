#!/usr/bin/env bats
# The referee as a user calls it: what it says, and with which exit code.

setup_file() {
    source tests/environment.sh
    PARPIX=$(realpath "${PARPIX:-build/parpix}")
    export PARPIX
    cd "$BATS_FILE_TMPDIR" || return
    "$PARPIX" gen cells -o cells.png --size 200x150
}

setup() {
    bats_require_minimum_version 1.5.0
    cd "$BATS_FILE_TMPDIR" || return
}

@test "one line for each check, and a last line that counts them" {
    run "$PARPIX" verify sobel --threads 1,2 --ranks 1
    [ "$status" -eq 0 ]
    [ "$(grep -c '^PASS' <<<"$output")" -ge 8 ]
    [[ ${lines[-1]} =~ ^verify:\ [0-9]+\ checks,\ 0\ failed$ ]]
    n=$(grep -c '^PASS' <<<"$output")
    [ "${lines[-1]}" = "verify: $n checks, 0 failed" ]
}

@test "all covers every kernel that list names" {
    run "$PARPIX" verify all --threads 2 --ranks 1 cells.png
    [ "$status" -eq 0 ]
    while read -r kernel; do
        [[ $output == *"  $kernel"* ]]
    done < <("$PARPIX" list --json | jq -r '.kernels[].name')
}

@test "images of the user's own" {
    run "$PARPIX" verify median:radius=3+otsu cells.png --threads 3 --ranks 1
    [ "$status" -eq 0 ]
    [[ $output == *"1 image"* ]]
}

@test "nothing checked is not a success" {
    "$PARPIX" gen cells -o cells.npy --size 20x20
    "$PARPIX" run integral cells.npy -o sums.npy -q
    run --separate-stderr "$PARPIX" verify sobel sums.npy --threads 2 --ranks 1
    [ "$status" -eq 2 ]
    [[ $output == *SKIP* ]]
    [[ $stderr == *"nothing was checked"* ]]
}

@test "mistakes are one message and exit 2" {
    run --separate-stderr "$PARPIX" verify sobbel
    [ "$status" -eq 2 ]
    [[ $stderr == *sobel* ]]
    run --separate-stderr "$PARPIX" verify nothing.png
    [ "$status" -eq 2 ]
    [[ $stderr == *nothing.png* ]]
    run --separate-stderr "$PARPIX" verify sobel --threads 0
    [ "$status" -eq 2 ]
    run --separate-stderr "$PARPIX" verify sobel --threads 1,2x
    [ "$status" -eq 2 ]
    [[ $stderr == *2x* ]]
}

@test "every instruction-set level is checked, and a level can be asked for" {
    usable=$("$PARPIX" info --json | jq -r '.simd_usable | length')
    run "$PARPIX" verify sobel --threads 1 --ranks 1
    [ "$(grep -c 'serial, ' <<<"$output")" = $((usable - 1)) ]
    PARPIX_SIMD=baseline "$PARPIX" run sobel cells.png -o a.png -q
    "$PARPIX" run sobel cells.png -o b.png -q
    cmp a.png b.png
}

@test "every kernel, on threads, ranks and both" {
    ranks=1
    [ ! -x "${PARPIX}-mpi" ] || ranks=1,2,3,5
    run --separate-stderr "$PARPIX" verify all --threads 2 --ranks $ranks
    [ "$status" -eq 0 ]
    [[ ${lines[-1]} == "verify: "*" checks, 0 failed" ]]
}
