#!/usr/bin/env bats
# Races: every kernel on threads under ThreadSanitizer, which understands OpenMP through Archer (clang
# 14, libomp-14-dev, libclang-rt-14-dev); and a race on purpose, which must be found.

setup_file() {
    source tests/environment.sh
    if [ ! -e /usr/lib/llvm-14/lib/libarcher.so ] || ! command -v clang-14; then return; fi
    BUILD=${BUILD:-build}/tsan
    export BUILD TSAN_OPTIONS=ignore_noninstrumented_modules=1:exitcode=66
    unset MAKEFLAGS MFLAGS MAKELEVEL
    tsan() { # DIRECTORY BUILD
        nice make -s -C "$1" -j2 BUILD="$2" CC=clang-14 MPI=0 CFLAGS='-O1 -g -fsanitize=thread' "$2/parpix"
    }
    tsan . "$BUILD"
    COPY=$BATS_FILE_TMPDIR/racy
    export COPY
    mkdir -p "$COPY/build"
    cp -rp Makefile core formats kernels omp mpi cli data "$COPY/"
    cp -rp "$BUILD/obj" "$BUILD/flags" "$COPY/build/"
    sed -i 's/y1, mine, scratch)/y1, counters, scratch)/' "$COPY/omp/reduce_omp.c"
    tsan "$COPY" build
}

setup() {
    [ -n "${COPY:-}" ] || skip "needs clang-14, libomp-14-dev and libclang-rt-14-dev"
}

@test "no race in any kernel" {
    run "$BUILD/parpix" verify all --threads 3 --ranks 1
    [ "$status" -eq 0 ]
    [[ $output != *ThreadSanitizer* ]]
    [[ $output == *" 0 failed" ]]
}

@test "a race on purpose is found" {
    run "$COPY/build/parpix" verify histogram --threads 3 --ranks 1
    [ "$status" -eq 66 ]
    [[ $output == *"data race"* ]]
}
