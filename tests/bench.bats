#!/usr/bin/env bats
# bench.bats: parpix bench: figures, files and refusals. Never how fast.

bats_require_minimum_version 1.5.0

setup() {
    PARPIX=$(realpath "${PARPIX:-$BATS_TEST_DIRNAME/../build/parpix}")
    unset PARPIX_SIMD OMP_SCHEDULE
    export OMP_NUM_THREADS=2
    cd "$BATS_TEST_TMPDIR" || exit
}

short='--size 300x200 --min-time 0 --max-time 0.02'

@test "a line of key=value for each chain, verified, copy first" {
    run --separate-stderr "$PARPIX" bench gaussian:sigma=2 otsu+label $short
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 3 ]
    [[ ${lines[0]} == "bench chain=copy width=300 height=200 channels=1 type=u8 ranks=1 threads=2 "* ]]
    for line in "${lines[@]}"; do
        [[ $line == *" median_s="*" low_s="*" high_s="*" checksum="*" verified=yes" ]]
    done
    [[ $stderr == *"of copy"* ]]
}

@test "JSON keeps every sample, CSV has a row for each chain" {
    "$PARPIX" bench sobel $short --json b.json --csv b.csv > lines.txt 2> table.txt
    jq -e '.schema == "parpix.bench/1" and .threads == 2 and (.results | length) == 2' b.json
    jq -e '.results[1] | .verified and (.samples_s | length) > 0 and .least_s == (.samples_s | min)' b.json
    jq -e '.results[1] | .low_s <= .median_s and .median_s <= .high_s' b.json
    [ "$(wc -l < b.csv)" -eq 3 ]
    head -n 1 b.csv | grep -q '^chain,width,height,channels,type,ranks,threads,'
    # The checksum is that of `run`.
    "$PARPIX" gen cells --size 300x200 -o in.png
    "$PARPIX" run sobel in.png -o out.png -q --json r.json
    [ "$(jq -r .checksum r.json)" = "$(jq -r '.results[1].checksum' b.json)" ]
}

@test "other types, channels, classes, files and second images" {
    "$PARPIX" bench sobel --size 90x70 --type u16 --channels 3 --max-time 0.01 2> table.txt | grep -q 'channels=3 type=u16'
    "$PARPIX" bench copy --class S --max-time 0.01 2> table.txt | grep -q 'width=512 height=512'
    "$PARPIX" gen cells --size 80x60 -o in.png
    "$PARPIX" run invert in.png -o other.png -q
    "$PARPIX" bench diff:with=other.png in.png --max-time 0.01 2> table.txt | grep -q 'diff.*width=80 .*verified=yes'
}

@test "ranks give the same checksums" {
    command -v mpirun.openmpi > /dev/null || skip "no mpirun.openmpi"
    [ -x "${PARPIX}-mpi" ] || skip "built without MPI"
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1
    export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
    "$PARPIX" bench gaussian:sigma=2 diff:with=@awkward label $short > one.txt 2> table.txt
    mpirun.openmpi -n 3 "$PARPIX" bench gaussian:sigma=2 diff:with=@awkward label $short > three.txt 2> table.txt
    diff <(grep -o 'checksum=.*' one.txt) <(grep -o 'checksum=.*' three.txt)
    [ "$(grep -c 'ranks=3.*verified=yes' three.txt)" -eq 4 ]
}

@test "the serial runner, and pictures of what came out" {
    "$PARPIX" bench otsu+label $short --backend serial --pictures --json b.json 2> table.txt | grep -q 'chain=otsu+label.* threads=1 .*verified=yes'
    jq -e '.backend == "serial" and .threads == 1' b.json
    jq -e '.pictures | length == 1 and .[0].width == 300 and .[0].height == 200 and .[0].equal' b.json
    [[ $(jq -r '.pictures[0].serial_png' b.json | base64 -d | od -An -c -N 8 | tr -d ' ') == '211PNG\r\n032\n' ]]
    "$PARPIX" bench copy $short --json b.json > lines.txt 2> table.txt
    jq -e 'has("pictures") == false' b.json
}

@test "mistakes are one line and exit 2" {
    local words
    for words in "" "sobbel" "sobel --class X" "sobel --type u7" "sobel --size 0x5" "sobel --max-time x" \
        "sobel --channels 5" "sobel --backend gpu" "sobel --backend serial -t 2" "diff:with=nobody.png --size 20x20" "gray --size 20x20 --channels 5"; do
        run --separate-stderr "$PARPIX" bench $words
        [ "$status" -eq 2 ] || { echo "bench $words: $status"; false; }
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
}
