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
    mpirun.openmpi -n 3 "$PARPIX" bench gaussian:sigma=2 diff:with=@awkward label $short --json three.json --trace t.json > three.txt 2> table.txt
    diff <(grep -o 'checksum=.*' one.txt) <(grep -o 'checksum=.*' three.txt)
    [ "$(grep -c 'ranks=3.*verified=yes' three.txt)" -eq 4 ]
    # 4 strips: each rank has a row, messages, and strips of its own.
    jq -e '.context | .ranks == 3 and .ranks_per_node == {(.host): 3} and (.workers | map(.rank) == [0, 1, 2])' three.json
    jq -e '.results[1].phases | map(.rank) == [0, 1, 2] and all(.compute_s > 0 and .exchange_s > 0)' three.json
    jq -e '.results[1].pop | .rank_parallel_efficiency < 1 and .parallel_efficiency <= .rank_parallel_efficiency + 1e-9' three.json
    jq -e '[.traceEvents[] | select(.ph == "M" and .name == "process_name").pid] == [0, 1, 2]' t.json
    jq -e '[.traceEvents[] | select(.name == "compute" and .args.strip and (.args.chain | startswith("gaussian"))) | [.pid, .args.strip]] | sort == [[0, 0], [1, 1], [2, 2], [2, 3]]' t.json
}

@test "the circumstances are in the record" {
    export SLURM_JOB_ID=123 OMP_WAIT_POLICY=passive
    "$PARPIX" bench sobel -t 1 $short --json b.json > lines.txt 2> table.txt
    jq -e '.context | .host == $host and .cpu != "" and .cpus >= 1 and .cpuset != ""' --arg host "$(uname -n)" b.json
    jq -e '.context.caches | length == 0 or all(.level >= 1 and .nbytes > 0 and .shared_by >= 1)' b.json
    jq -e '.context | .numa_nodes >= 1 and has("quota_cpus") and has("governor") and .load >= 0' b.json
    jq -e '.context | (.compiler | length) > 0 and (.flags | contains("-ffp-contract=off"))' b.json
    jq -e '.context | .omp.schedule == "static" and .omp.OMP_WAIT_POLICY == "passive"' b.json
    jq -e '.context | .asked_threads == 1 and .delivered_threads == 1 and .ranks == 1 and .job == "slurm 123"' b.json
    jq -e '.context | .ranks_per_node == {(.host): 1} and (.workers | length) == 1' b.json
    jq -e '.context | .workers[0] == {rank: 0, thread: 0, host: .host, cpus: .cpuset}' b.json
    jq -e '.context | .rank_cpusets == [.cpuset]' b.json
    jq -e ".context.peak_gflop_per_s > 0.1" b.json
    jq -e '.context.memory_gbyte_per_s > 0 and .results[1].nbytes == 120000' b.json
    jq -e '. as $r | .results | all(.of_memory > 0 and (.nbytes / .median_s / .of_memory / 1e9 / $r.context.memory_gbyte_per_s - 1 | fabs) < 1e-6)' b.json
    # The commit is the checkout's, with -dirty after changes; a copy of the sources has none.
    jq -e '.context.commit == null or (.context.commit | test("^[0-9a-f]{40}(-dirty)?$"))' b.json
}

@test "a record that is not what was asked says so" {
    OMP_THREAD_LIMIT=2 run --separate-stderr "$PARPIX" bench copy -t 4 $short --json b.json
    [ "$status" -eq 0 ]
    [[ $stderr == *"4 threads were asked for and rank 0 got 2"* ]]
    jq -e '.context.asked_threads == 4 and .context.delivered_threads == 2' b.json
    jq -e '.marks | any(contains("4 threads were asked for"))' b.json
    # More threads than CPUs: of this machine, and of what the process may use.
    many=$(($(nproc --all) + 1))
    run --separate-stderr "$PARPIX" bench copy -t "$many" $short --json b.json
    [[ $stderr == *"$many threads share"* ]]
    jq -e '.marks | any(contains("threads share"))' b.json
    one=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
    run --separate-stderr taskset -c "$one" "$PARPIX" bench copy -t 2 $short --json b.json
    jq -e '.context.cpuset == $one and (.marks | any(contains("may use 1 CPU (\($one)) but runs 2 threads") or contains("2 threads share 1 CPU")))' --arg one "$one" b.json
    OMP_PLACES=threads OMP_PROC_BIND=master "$PARPIX" bench copy -t 2 $short --json b.json > lines.txt 2> table.txt
    jq -e '.marks | any(contains("and so is another thread") or contains("1 CPU"))' b.json
    # Somebody else works on the only CPU that it may use.
    taskset -c "$one" sh -c 'while :; do :; done' &
    other=$!
    taskset -c "$one" "$PARPIX" bench copy -t 1 --size 300x200 --min-time 0.3 --max-time 0.5 --json b.json > lines.txt 2> table.txt
    kill "$other"
    jq -e '.marks | any(contains("is busy: others used"))' b.json
}

@test "phases: work that lies in one half of the image shows as imbalance" {
    # Noise above, one level below, where the window of adaptive-median grows to its largest.
    "$PARPIX" gen constant -o noise.pgm --size 300x640 --set noise=salt:60
    { printf 'P5\n300 1280\n255\n'; tail -c $((300 * 640)) noise.pgm; head -c $((300 * 640)) /dev/zero; } > half.pgm
    "$PARPIX" bench adaptive-median:max=8 half.pgm -t 2 --max-time 0.2 --json static.json > lines.txt 2> table.txt
    OMP_SCHEDULE=dynamic,1 "$PARPIX" bench adaptive-median:max=8 half.pgm -t 2 --max-time 0.2 --json dynamic.json > lines.txt 2>> table.txt
    jq -c '.results[1].pop' static.json dynamic.json
    jq -e '.results[1].pop | .load_balance < 0.75 and .thread_load_balance == .load_balance' static.json
    jq -e '.results[1].pop.load_balance > 0.8' dynamic.json
    grep -q '^adaptive-median:max=8 .* 0\.' table.txt
    # A worker's phases are its share of the run; 20 strips, each once.
    jq -e '.results[1].phases | map(.rank, .thread) == [0, 0, 0, 1]' static.json
    jq -e '.results[1] | [.phases[] | .compute_s + .exchange_s + .wait_s + .reduce_s + .other_s] | (max - min) < 0.01 * max' static.json
    jq -e '.results[1].timeline | map(select(.phase == "compute").strip) | sort == [range(20)]' static.json
    jq -e '.results[1].timeline | all(.from_s >= 0 and .to_s >= .from_s)' static.json
    jq -e '.results[1].phases[0].wait_s > .results[1].phases[0].compute_s' static.json
}

@test "a trace has a row for each worker and a slice for each strip" {
    "$PARPIX" bench sobel+flip --size 200x700 -t 3 --max-time 0.02 --trace t.json > lines.txt 2> table.txt
    jq -e '[.traceEvents[] | select(.ph == "M" and .name == "thread_name") | [.pid, .tid]] == [[0, 0], [0, 1], [0, 2]]' t.json
    jq -e '[.traceEvents[] | select(.ph == "X" and .name == "compute" and .args.chain == "copy").args.strip] | sort == [range(11)]' t.json
    jq -e '[.traceEvents[] | select(.ph == "X" and .name == "compute" and (.args.chain | startswith("sobel"))).args.strip] | sort == [range(11) | ., .]' t.json
    jq -e '.traceEvents | map(select(.ph == "X")) | all(.ts >= 0 and .dur >= 0)' t.json
    # Slices of a row do not overlap (in microseconds, to a nanosecond).
    jq -e '[.traceEvents[] | select(.ph == "X")] | group_by([.pid, .tid]) | all(sort_by(.ts) | [., .[1:]] | transpose | map(select(.[1])) | all(.[0].ts + .[0].dur <= .[1].ts + 0.001))' t.json
    # The same of `run`, from the file to the file, and of rows that stream through.
    "$PARPIX" gen cells --size 200x700 -o in.png
    "$PARPIX" run sobel in.png -o out.png -q -t 2 --trace t.json --json r.json
    jq -e '[.traceEvents[] | select(.ph == "X" and .tid == 0).name] | .[0] == "decode" and .[-1] == "encode"' t.json
    jq -e '[.traceEvents[] | select(.ph == "X" and .name == "compute").args.strip] | sort == [range(11)]' t.json
    jq -e '(.workers | length) == 2 and .workers[0].decode_s > 0 and .workers[0].encode_s > 0 and .pop.parallel_efficiency <= 1' r.json
    "$PARPIX" run sobel in.png -o out.png -q -t 2 --max-memory 20M --trace t.json
    jq -e '[.traceEvents[] | select(.ph == "X" and .name == "compute").args.strip] | sort == [range(11)]' t.json
    jq -e '[.traceEvents[] | select(.ph == "X").name] | contains(["decode", "compute", "encode"])' t.json
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

@test "--files times reading and writing, as PNG or NPY, and leaves nothing behind" {
    mkdir tmp
    TMPDIR=$PWD/tmp "$PARPIX" bench sobel label $short --files --json b.json > lines.txt 2> table.txt
    [ -z "$(ls -A tmp)" ]
    jq -e '.decode_s > 0 and (.results | all(.encode_s > 0))' b.json
    jq -e '.results | map(.encoded_as) == ["png", "png", "npy"]' b.json
    [ "$(grep -c ' decode_s=[0-9.e-]* encode_s=[0-9.e-]* ' lines.txt)" -eq 3 ]
    grep -q '^label .* of the whole (npy)$' table.txt
    "$PARPIX" bench sobel $short --json without.json > lines.txt 2> table.txt
    jq -e '.decode_s == 0 and (.results | any(has("encode_s")) | not)' without.json
    run --separate-stderr env TMPDIR=/no/such/place "$PARPIX" bench sobel $short --files
    [ "$status" -eq 2 ]
    [[ $stderr == *"/no/such/place"* ]]
}

@test "JSON on stdout comes after the lines, however many there are" {
    chains=()
    for sigma in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do chains+=("gaussian:sigma=$sigma"); done
    "$PARPIX" bench "${chains[@]}" --size 30x20 --min-time 0 --max-time 0.001 --json - > out.txt 2> table.txt
    [ "$(grep -c '^bench chain=.* verified=yes$' out.txt)" -eq 17 ]
    sed -n '/^{$/,$p' out.txt | jq -e '.results | length == 17'
}
