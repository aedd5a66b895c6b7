#!/usr/bin/env bats
# The other compiler: no warning, and the same bytes as gcc's.

setup_file() {
    source tests/environment.sh
    unset MAKEFLAGS MFLAGS MAKELEVEL
    export CLANG=${BUILD:-build}/clang GCC=${BUILD:-build}
}

setup() {
    command -v clang-14 >/dev/null || skip "no clang-14"
}

@test "clang builds all of it without a warning" {
    run nice make -s -j2 BUILD="$CLANG" CC=clang-14 WERROR=1 all
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "what clang built passes verify" {
    ranks=1
    [ ! -x "$CLANG/parpix-mpi" ] || ranks=1,2
    run "$CLANG/parpix" verify all --threads 2 --ranks $ranks
    echo "${lines[-1]}"
    [ "$status" -eq 0 ]
}

@test "gcc and clang make the same bytes" {
    "$GCC/parpix" gen cells -o "$BATS_TEST_TMPDIR/a.png" --size 400x300
    "$CLANG/parpix" gen cells -o "$BATS_TEST_TMPDIR/b.png" --size 400x300
    cmp "$BATS_TEST_TMPDIR/a.png" "$BATS_TEST_TMPDIR/b.png"
    for spec in gaussian:sigma=2 gaussian:sigma=20 box:radius=9 sobel median:radius=5 equalize \
        diffuse:iterations=5 otsu+label; do
        "$GCC/parpix" run "$spec" "$BATS_TEST_TMPDIR/a.png" -o "$BATS_TEST_TMPDIR/a.npy" -q
        "$CLANG/parpix" run "$spec" "$BATS_TEST_TMPDIR/a.png" -o "$BATS_TEST_TMPDIR/b.npy" -q
        cmp "$BATS_TEST_TMPDIR/a.npy" "$BATS_TEST_TMPDIR/b.npy"
    done
}
