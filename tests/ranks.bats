#!/usr/bin/env bats
# What a user meets on ranks: the same files, one voice, one error, no hang.

setup_file() {
    source tests/environment.sh
    export OMP_NUM_THREADS=1
    PARPIX=$(realpath "${PARPIX:-build/parpix}")
    export PARPIX
    cd "$BATS_FILE_TMPDIR" || return
    "$PARPIX" gen cells -o cells.png --size 300x517 --seed 3
    "$PARPIX" run gaussian:sigma=2+otsu+label cells.png -o serial.npy --backend serial -q
}

setup() {
    if [ ! -x "${PARPIX}-mpi" ]; then skip "built without MPI"; fi
    bats_require_minimum_version 1.5.0
    cd "$BATS_FILE_TMPDIR" || return
    MPIRUN="timeout 60 ${PARPIX_MPIRUN:-$(command -v mpirun.openmpi || echo mpirun)}"
}

@test "ranks write the same file as a serial run" {
    $MPIRUN -n 3 "$PARPIX" run gaussian:sigma=2+otsu+label cells.png -o ranks.npy -q
    cmp serial.npy ranks.npy
}

@test "ranks with threads write the same file, and say what they were" {
    run --separate-stderr $MPIRUN -n 2 "$PARPIX" run gaussian:sigma=2+otsu+label cells.png -o hybrid.npy -t 2 --json hybrid.json
    [ "$status" -eq 0 ]
    cmp serial.npy hybrid.npy
    [ "$(jq .ranks hybrid.json)" = 2 ]
    [ "$(jq .threads hybrid.json)" = 2 ]
    [ "$(jq '.bands | length' hybrid.json)" = 2 ]
    [ "$(grep -c '^kernel' <<<"$stderr")" = 1 ]
    [[ $stderr == *"2 ranks x 2 threads"* ]]
}

@test "strips that are dealt out make the same file" {
    $MPIRUN -n 3 "$PARPIX" run gaussian:sigma=2+otsu+label cells.png -o dealt.npy -q --distribute dynamic
    cmp serial.npy dealt.npy
    run --separate-stderr "$PARPIX" run sobel cells.png -o dealt.png --distribute fast
    [ "$status" -eq 2 ]
    [[ $stderr == *"--distribute fast: it is static"*"or dynamic"* ]]
}

@test "a scene is made by ranks, in bands or dealt out, with its labels and truth" {
    "$PARPIX" gen mandelbrot -o one.png --size 200x300 -t 1
    $MPIRUN -n 3 "$PARPIX" gen mandelbrot -o bands.png --size 200x300
    $MPIRUN -n 3 "$PARPIX" gen mandelbrot -o dealt.png --size 200x300 --distribute dynamic
    cmp one.png bands.png
    cmp one.png dealt.png
    "$PARPIX" gen cells -o one.png --labels one.npy --truth one.json --size 300x200
    $MPIRUN -n 2 "$PARPIX" gen cells -o two.png --labels two.npy --truth two.json --size 300x200
    cmp one.png two.png
    cmp one.npy two.npy
    cmp one.json two.json
}

@test "more ranks than strips" {
    "$PARPIX" gen random -o low.png --size 100x3
    "$PARPIX" run median:radius=2+otsu+label low.png -o low.npy --backend serial -q
    $MPIRUN -n 4 "$PARPIX" run median:radius=2+otsu+label low.png -o low4.npy -q
    cmp low.npy low4.npy
}

@test "stdout takes the image of rank 0 alone" {
    $MPIRUN -n 2 "$PARPIX" run sobel cells.png -o - -q >piped.png
    "$PARPIX" run sobel cells.png -o serial.png -q
    cmp piped.png serial.png
}

@test "a missing input is one message and exit 2" {
    run --separate-stderr $MPIRUN -n 2 "$PARPIX" run sobel nothing.png -o out.png
    [ "$status" -eq 2 ]
    [ "$(grep -c '^parpix:' <<<"$stderr")" = 1 ]
    [[ $stderr == *"nothing.png"* ]]
    [ ! -e out.png ]
}

@test "a wrong parameter is one message and exit 2" {
    run --separate-stderr $MPIRUN -n 2 "$PARPIX" run gausian cells.png -o out.png
    [ "$status" -eq 2 ]
    [ "$(grep -c '^parpix:' <<<"$stderr")" = 1 ]
    [[ $stderr == *gaussian* ]]
}

@test "an output that cannot be written is one message and exit 2" {
    run --separate-stderr $MPIRUN -n 2 "$PARPIX" run sobel cells.png -o no/such/dir.png
    [ "$status" -eq 2 ]
    [ "$(grep -c '^parpix:' <<<"$stderr")" = 1 ]
}

@test "a file named in a chain is read by rank 0 for all" {
    printf '0 1 0\n1 -4 1\n0 1 0\n' >weights.txt
    "$PARPIX" run convolve:file=weights.txt cells.png -o a.png -q
    $MPIRUN -n 3 "$PARPIX" run convolve:file=weights.txt cells.png -o b.png -q
    cmp a.png b.png
    run --separate-stderr $MPIRUN -n 2 "$PARPIX" run convolve:file=missing.txt cells.png -o b.png
    [ "$status" -eq 2 ]
    [ "$(grep -c '^parpix:' <<<"$stderr")" = 1 ]
}

@test "a launcher that MPI knows nothing of is one clear error" {
    for rank in 0 1; do
        run --separate-stderr env -u OMPI_COMM_WORLD_SIZE PMI_SIZE=2 PMI_RANK=$rank "$PARPIX" run copy cells.png -o lone.png
        [ "$status" -eq 2 ]
        [ ! -e lone.png ]
        if [ $rank = 0 ]; then [[ $stderr == *"launcher started 2"* ]]; else [ -z "$stderr" ]; fi
    done
}

@test "a rank that is killed ends the job within seconds, and nothing is left under the final name" {
    "$PARPIX" gen terrain -o big.png --size 2000x2000
    $MPIRUN -n 2 "$PARPIX" run diffuse:iterations=2000 big.png -o killed.png -q 3>&- &
    job=$!
    sleep 2
    victim=$(pgrep -f "^$PARPIX run diffuse:iterations=2000 big.png" | tail -n 1)
    kill -9 "$victim"
    start=$SECONDS
    run wait $job
    [ $((SECONDS - start)) -lt 10 ]
    [ ! -e killed.png ]
}

# A path of gray 100 in walls of 0 that begins with 200: down one column, up the next but one, through
# the bands of all ranks as often as there are teeth.
comb() { # WIDTH HEIGHT
    awk -v w="$1" -v h="$2" 'BEGIN {
        print "P2", w, h, 255
        for (y = 0; y < h; y++)
            for (x = 0; x < w; x++)
                print x + y == 0 ? 200 : x % 2 == 0 || y == (x % 4 == 1 ? h - 1 : 0) ? 100 : 0
    }'
}

@test "what settles by rounds goes to and fro between ranks until it rests" {
    comb 23 400 >comb.pgm
    "$PARPIX" run reconstruct:h=50,connectivity=4 comb.pgm -o serial.pgm -q --backend serial
    "$PARPIX" run threshold:t=99 comb.pgm -o path.pgm -q
    "$PARPIX" run threshold:t=99 serial.pgm -o lifted.pgm -q
    cmp path.pgm lifted.pgm
    for n in 2 3 7 9; do
        $MPIRUN -n $n "$PARPIX" run reconstruct:h=50,connectivity=4 comb.pgm -o ranks.pgm -q
        cmp serial.pgm ranks.pgm
    done
    $MPIRUN -n 3 "$PARPIX" run reconstruct:h=50,connectivity=4 comb.pgm -o hybrid.pgm -q -t 2
    cmp serial.pgm hybrid.pgm
}

@test "verify starts ranks by itself" {
    run --separate-stderr "$PARPIX" verify gaussian:sigma=2+otsu+label --threads 1,2 --ranks 1,2,3
    [ "$status" -eq 0 ]
    [[ $output == *"PASS  gaussian:sigma=2+otsu+label  3 ranks x 2 threads"* ]]
    [[ ${lines[-1]} == "verify: "*" checks, 0 failed" ]]
}

@test "a rank without memory tells the others, at every allocation" {
    run $MPIRUN -n 3 "$(dirname "$PARPIX")/tests/ranks_memory"
    [ "$status" -eq 0 ]
    [[ $output == *"label, omp inside, rank 2: "*" allocations failed in turn"* ]]
}

@test "threads that share one CPU because of binding are one warning with its remedy" {
    [ "$(env -u OMP_NUM_THREADS nproc)" -ge 2 ] || skip "one CPU"
    unset OMPI_MCA_hwloc_base_binding_policy OMPI_MCA_rmaps_base_oversubscribe
    run --separate-stderr $MPIRUN -n 1 --bind-to core "$PARPIX" run sobel cells.png -o bound.png -t 2
    [ "$status" -eq 0 ]
    [ "$(grep -c warning <<<"$stderr")" = 1 ]
    [[ $stderr == *"--bind-to none"* ]]
}

@test "OMP_PROC_BIND leaves a rank all the CPUs that mpirun gave it" {
    [ "$(env -u OMP_NUM_THREADS nproc)" -ge 2 ] || skip "one CPU"
    # parpix is bound when it becomes parpix-mpi, and that must not stay.
    OMP_NUM_THREADS=2 OMP_PLACES=threads OMP_PROC_BIND=close $MPIRUN -n 1 --bind-to none "$PARPIX" info >bound.txt
    [ "$(awk '/^rank /{ table = 1; next } table && NF >= 6 { print $4 }' bound.txt | sort -u | wc -l)" -eq 2 ]
}
