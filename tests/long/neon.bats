#!/usr/bin/env bats
# Another processor: the library cross-compiled for 64-bit ARM (whose baseline has NEON) and run by
# qemu gives the checksums of this one for every kernel (gcc-aarch64-linux-gnu, qemu-user). PNG is
# not needed for that: its headers are machine-independent, its functions are left out.

setup_file() {
    command -v aarch64-linux-gnu-gcc qemu-aarch64 || return 0
    local include=$BATS_FILE_TMPDIR/include header
    NEON=${BUILD:-build}/neon
    export NEON
    unset MAKEFLAGS MFLAGS MAKELEVEL
    mkdir -p "$include"
    for header in png pngconf pnglibconf zlib zconf; do
        cp "$(find /usr/include -name $header.h -print -quit)" "$include"
    done
    nice make -s -j2 CC=aarch64-linux-gnu-gcc MPI=0 CPPFLAGS="-I$include" BUILD="$NEON" "$NEON/libparpix.a"
}

@test "64-bit ARM gives the same bytes for every kernel" {
    [ -n "${NEON:-}" ] || skip "needs gcc-aarch64-linux-gnu and qemu-user"
    aarch64-linux-gnu-gcc -O2 -std=c11 -static -fopenmp -o "$BATS_TEST_TMPDIR/there" tests/long/checksums.c \
        "$NEON/libparpix.a" -lm -Wl,--unresolved-symbols=ignore-all
    gcc -O2 -std=c11 -fopenmp -o "$BATS_TEST_TMPDIR/here" tests/long/checksums.c \
        "${BUILD:-build}/libparpix.a" -lpng -lz -lm
    "$BATS_TEST_TMPDIR/here" > "$BATS_TEST_TMPDIR/here.txt"
    qemu-aarch64 "$BATS_TEST_TMPDIR/there" > "$BATS_TEST_TMPDIR/there.txt"
    [ "$(wc -l < "$BATS_TEST_TMPDIR/here.txt")" -gt 500 ]
    diff "$BATS_TEST_TMPDIR/here.txt" "$BATS_TEST_TMPDIR/there.txt"
}
