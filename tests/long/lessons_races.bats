#!/usr/bin/env bats
# The lessons under ThreadSanitizer (clang 14, libomp-14-dev with Archer, libclang-rt-14-dev): what is
# called correct has no race, and what is called a race is reported as one.

setup_file() {
    source tests/environment.sh
    if [ ! -e /usr/lib/llvm-14/lib/libarcher.so ] || ! command -v clang-14; then return; fi
    BUILD=${BUILD:-build}/tsan
    export BUILD TSAN_OPTIONS=ignore_noninstrumented_modules=1:exitcode=66
    unset MAKEFLAGS MFLAGS MAKELEVEL
    nice make -s -j2 BUILD="$BUILD" CC=clang-14 MPI=0 CFLAGS='-O1 -g -fsanitize=thread' "$BUILD/parpix"
    export READY=1
}

setup() {
    [ -n "${READY:-}" ] || skip "needs clang-14, libomp-14-dev and libclang-rt-14-dev"
    [ "$(nproc)" -ge 2 ] || skip "needs two CPUs"
}

# Parts on ranks are skipped: ThreadSanitizer sees one process.
@test "the correct variants of all lessons have no race" {
    for name in $("$BUILD/parpix" lesson | awk '/^  / { print $1 }'); do
        for threads in 2 3; do
            run timeout 300 "$BUILD/parpix" lesson "$name" --correct -t $threads --repeat 2
            [[ $output != *ThreadSanitizer* ]] || { echo "$name: $output"; false; }
            [ "$status" -eq 0 ] || { echo "$name: exit $status: $output"; false; }
        done
    done
}

@test "the race is reported" {
    run timeout 300 "$BUILD/parpix" lesson race -t 2 --repeat 1
    [ "$status" -eq 66 ]
    [[ $output == *"data race"* ]]
    [[ $output == *count_plain* ]]
}
