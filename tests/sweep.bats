#!/usr/bin/env bats
# sweep.bats: parpix sweep: cells, binding, files, going on, refusals. Never how fast.

bats_require_minimum_version 1.5.0

setup_file() {
    source tests/environment.sh
    # The sweep sets these by itself, unless they are there.
    unset OMP_PROC_BIND OMP_WAIT_POLICY OMP_NUM_THREADS OMP_DYNAMIC
    PARPIX=$(realpath "${PARPIX:-${BUILD:-build}/parpix}")
    ROOT=$PWD
    export PARPIX ROOT
}

setup() {
    cd "$BATS_TEST_TMPDIR" || exit
}

short='--size 160x200 --min-time 0 --max-time 0.01'

sweep() {
    run --separate-stderr "$PARPIX" sweep "$@"
}

# Exit code 2, and one line on stderr that contains each word.
refused() {
    local word
    [ "$status" -eq 2 ] || { echo "exit code $status"; return 1; }
    [ "${#stderr_lines[@]}" -eq 1 ] || { echo "$stderr"; return 1; }
    for word; do
        [[ $stderr == *"$word"* ]] || { echo "no \"$word\" in: $stderr"; return 1; }
    done
}

needs_ranks() {
    command -v "$MPIRUN" >/dev/null || skip "no mpirun"
    [ -x "$PARPIX-mpi" ] || skip "built without MPI"
}

needs_two_cores() {
    [ "$(lscpu -p=core 2>/dev/null | grep -v '^#' | sort -u | wc -l)" -ge 2 ] || skip "one core"
    [ "$(nproc)" -ge 2 ] || skip "one CPU"
}

states() { # FILE
    jq -r '[.baseline, .cells[]] | map(.state) | join(" ")' "$1"
}

@test "threads x schedules: a line for each cell and chain, plain lines of progress, the record" {
    sweep sobel otsu+label --threads 2,1 --schedule static,dynamic:4 $short --json s.json
    [ "$status" -eq 0 ]
    # copy and two chains, the serial baseline and four cells each
    [ "${#lines[@]}" -eq 15 ]
    for line in "${lines[@]}"; do
        [[ $line =~ ^"sweep chain="[^\ ]+" width=160 height=200 ranks=1 threads="[12]" schedule="(static|dynamic,4)" backend="(serial|omp)" state=done oversubscribed="(no|yes)" samples="[1-9] ]]
        [[ $line == *" median_s="*" speedup_serial="*" speedup_one_thread="*" efficiency="*" verified=yes" ]]
    done
    [ "$(grep -c backend=serial <<<"$output")" -eq 3 ]
    [ "$(grep -c '^cell [1-5] of 5: .*: done after [0-9.]* s' <<<"$stderr")" -eq 5 ]
    [[ $stderr != *$'\r'* && $stderr != *$'\e'* ]]
    [[ $stderr == *"vs serial"*"vs one thread"*"vs one rank"* ]]
    jq -e '.schema == "parpix.sweep/1" and .weak == false and .specs == ["sobel", "otsu+label"]
        and .width == 160 and .height == 200 and .baseline.kind == "serial"
        and .baseline.bench.backend == "serial" and (.cells | length) == 4
        and (.command | startswith("parpix sweep sobel otsu+label --threads 2,1"))' s.json
    jq -e '[.cells[] | .state == "done" and .bench.schema == "parpix.bench/1" and .error == null
        and .seconds > 0 and .bench.threads == .threads and .bench.ranks == 1] | all' s.json
    # Each in a process of its own: other results, the same checksums.
    [ "$(jq -c '[.baseline, .cells[]] | map(.bench.results | map(.checksum)) | unique | length' s.json)" = 1 ]
}

@test "speed-ups are ratios of medians, with an interval around them" {
    "$PARPIX" sweep sobel --threads 1,2 $short --json s.json >lines.txt 2>table.txt
    line=$(grep 'chain=sobel.* threads=2 ' lines.txt)
    value() { grep -o " $1=[^ ]*" <<<"$line" | cut -d = -f 2; }
    jq -e --argjson serial "$(value speedup_serial)" --argjson low "$(value speedup_serial_low)" \
        --argjson high "$(value speedup_serial_high)" --argjson one "$(value speedup_one_thread)" \
        --argjson efficiency "$(value efficiency)" '
        def near(a): (. - a) / a | fabs < 1e-3;
        (.baseline.bench.results[1].median_s) as $s
        | (.cells[] | select(.threads == 1).bench.results[1].median_s) as $o
        | (.cells[] | select(.threads == 2).bench.results[1]) as $t
        | ($serial | near($s / $t.median_s)) and ($one | near($o / $t.median_s))
        and ($efficiency | near($serial / 2)) and $low <= $serial and $serial <= $high' s.json
    # the same cell, on one rank
    [ "$(value speedup_one_rank)" = 1 ]
}

@test "baselines that the grid lacks are added; the order is shuffled, and the same each time" {
    sweep sobel --threads 3,4,5 $short --dry-run
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 5 ]
    first=$output
    [ "$(grep -c -- '--backend serial' <<<"$first")" -eq 1 ]
    [ "$(grep -c -- '-t 1 .*--json -$' <<<"$first")" -eq 2 ] # the serial one, too
    [ "$(grep -o -- ' -t [0-9]*' <<<"$first")" != "$(grep -o -- ' -t [0-9]*' <<<"$first" | sort)" ]
    sweep sobel --threads 3,4,5 $short --dry-run
    [ "$output" = "$first" ]
    # What is printed can be typed.
    line=$(grep -- '-t 1 .*--json -$' <<<"$first" | grep -v serial)
    bash -c "$line" 2>talk.txt | grep -q '"parpix.bench/1"'
    if [ -x "$PARPIX-mpi" ]; then
        sweep sobel --threads 2,4 --ranks 2,3 $short --dry-run
        # four of the grid, serial, 1 x 1, 1 x 2 and 1 x 4
        [ "${#lines[@]}" -eq 8 ]
    fi
}

@test "weak scaling: the height grows with the workers, and so does the work that is compared" {
    "$PARPIX" sweep sobel --threads 1,3 --weak $short --json s.json >lines.txt 2>table.txt
    jq -e '.weak and .baseline.bench.height == 200
        and ([.cells[] | .height == 200 * .threads and .bench.height == .height and .bench.width == 160] | all)' s.json
    line=$(grep 'chain=sobel.* threads=3 ' lines.txt)
    [[ $line == *" height=600 "* ]]
    value() { grep -o " $1=[^ ]*" <<<"$line" | cut -d = -f 2; }
    jq -e --argjson serial "$(value speedup_serial)" --argjson efficiency "$(value efficiency)" '
        def near(a): (. - a) / a | fabs < 1e-3;
        (.baseline.bench.results[1].median_s) as $s
        | (.cells[] | select(.threads == 3).bench.results[1].median_s) as $t
        | ($serial | near(3 * $s / $t)) and ($efficiency | near($s / $t))' s.json
    grep -q '160 x 200 for each worker' table.txt
}

@test "more workers than CPUs: said before, marked after" {
    n=$(($(nproc) + 1))
    sweep copy --threads 1,$n $short --json s.json
    [ "$status" -eq 0 ]
    [ "$(grep -c 'warning: 1 of 3 cells start more workers (up to '$n') than the ' <<<"$stderr")" -eq 1 ]
    [ "$(grep -cE 'share|start more workers' <<<"$stderr")" -eq 1 ]
    jq -e --argjson n $n '[.cells[] | .oversubscribed == (.threads == $n)] | all' s.json
    [ "$(grep -c oversubscribed=yes <<<"$output")" -eq 1 ]
    jq -e '.cells[] | select(.oversubscribed).command | contains("OMP_PROC_BIND=false OMP_WAIT_POLICY=passive")' s.json
    sweep copy --threads 1 $short --json s.json
    [[ $stderr != *"more workers"* ]]
    # What bench warns of is passed on with the cell's name.
    sweep copy --threads 2 --launcher 'taskset -c 0' $short --json s.json
    [[ $stderr == *"parpix: warning: 1 rank x 2 threads: "*" 1 CPU (0) "* ]]
}

@test "threads are bound to cores of their own; who has bound them otherwise is not overruled" {
    needs_two_cores
    sweep copy --threads 1,2 $short --dry-run
    [ "$(grep -c 'OMP_SCHEDULE=static OMP_PLACES=cores OMP_PROC_BIND=close' <<<"$output")" -eq 3 ]
    # The runtime's own word on it, by way of a launcher that keeps it.
    printf '#!/bin/bash\nOMP_DISPLAY_AFFINITY=true "$@" 2>>%s/bound.txt\n' "$PWD" >keep
    chmod +x keep
    "$PARPIX" sweep copy --threads 2 $short --launcher ./keep --json s.json >lines.txt 2>talk.txt
    [ "$(grep -o 'affinity.*' bound.txt | sort -u | wc -l)" -ge 2 ]
    OMP_PLACES=threads OMP_PROC_BIND=spread sweep copy --threads 2 $short --dry-run
    [[ $output != *OMP_PLACES* && $output != *OMP_PROC_BIND* ]]
    OMP_SCHEDULE=guided,3 sweep copy --threads 2 $short --dry-run
    [ "$(grep -c 'OMP_SCHEDULE=guided,3' <<<"$output")" -eq 3 ]
}

@test "ranks x threads by mpirun, each rank on cores of its own, and one more for the pictures" {
    needs_ranks
    needs_two_cores
    unset OMPI_MCA_hwloc_base_binding_policy OMPI_MCA_rmaps_base_oversubscribe
    printf '#!/bin/bash\nexec %s --report-bindings "$@" 2>>%s/bound.txt\n' "$MPIRUN" "$PWD" >mpirun-that-tells
    chmod +x mpirun-that-tells
    PARPIX_MPIRUN=$PWD/mpirun-that-tells sweep label --threads 1 --ranks 2 $short --json s.json
    [ "$status" -eq 0 ] || { echo "$stderr"; cat bound.txt; false; }
    [ "$(states s.json)" = "done done done" ]
    jq -e '[.cells[] | .bench.ranks == .ranks and (.bench.mpi | startswith("Open MPI"))] | all' s.json
    jq -e '.cells[0].command | contains("-n 2 --map-by ppr:")' s.json
    # Rank 0 and rank 1 of one run, on two cores.
    [ "$(grep -oE 'rank [01] bound to socket 0\[core [0-9]+' bound.txt | sort -u | wc -l)" -ge 2 ]
    [ "$(grep -oE 'rank [01] bound to.*' bound.txt | sed 's/rank . //' | sort -u | wc -l)" -ge 2 ]
    [[ $output == *"ranks=2 threads=1 "*"speedup_one_rank="* ]]
    jq -e '.pictures | length == 1 and .[0].parallel == "2 ranks x 1 thread" and .[0].equal' s.json
}

@test "pictures: what came out, serially and of most workers, as small PNGs" {
    "$PARPIX" gen cells --size 700x300 -o in.png
    "$PARPIX" sweep gaussian:sigma=2 otsu+label flip --threads 1,2 in.png --min-time 0 --max-time 0.01 --json s.json >lines.txt 2>talk.txt
    jq -e '[.pictures[] | .equal and .width <= 512 and .width >= 256 and .parallel == "1 rank x 2 threads"
        and .serial_png == .parallel_png] == [true, true, true]' s.json
    [ "$(jq -r '.pictures[].chain' s.json)" = "$(jq -r '.cells[0].bench.results[1:][].chain' s.json)" ]
    size=$(jq -r '.pictures[0] | "width=\(.width),height=\(.height)"' s.json)
    jq -r '.pictures[0].serial_png' s.json | base64 -d >blurred.png
    "$PARPIX" run gaussian:sigma=2+resize:$size,filter=area in.png -o expected.png -q
    "$PARPIX" compare blurred.png expected.png
    # Labels become colours: 0 is black, and nothing else is.
    size=$(jq -r '.pictures[1] | "width=\(.width),height=\(.height)"' s.json)
    jq -r '.pictures[1].serial_png' s.json | base64 -d >labels.png
    "$PARPIX" run gray+threshold:t=0 labels.png -o shown.png -q
    "$PARPIX" run otsu+resize:$size,filter=nearest in.png -o white.png -q
    "$PARPIX" compare shown.png white.png
    [ "$(stat -c %s s.json)" -lt 1000000 ]
}

@test "pictures that cannot be made cost nothing else" {
    sweep copy --threads 1 $short --json s.json
    jq -c '.pictures = []' s.json >t.json
    mv t.json s.json
    TMPDIR=$PWD/nowhere sweep copy --threads 1 $short --json s.json --resume
    [ "$status" -eq 0 ]
    [[ $stderr == *"warning: no pictures; "*"nowhere"* ]]
    [ "$(states s.json)" = "done done" ]
    # Another time they can.
    sweep copy --threads 1 $short --json s.json --resume
    [ "$status" -eq 0 ]
    jq -e '.pictures | length == 1' s.json
}

@test "noise does not make the file large" {
    "$PARPIX" sweep copy --threads 1 --type u16 --channels 3 --size 900x900 --min-time 0 --max-time 0.01 --json s.json >lines.txt 2>talk.txt
    jq -e '.pictures[0] | .width < 512 and .equal' s.json
    [ "$(stat -c %s s.json)" -lt 1000000 ]
}

@test "a sweep that is killed loses nothing of what was done, and leaves no process behind" {
    "$PARPIX" sweep sobel --threads 1,2,3,4 --size 600x517 --min-time 0.15 --max-time 0.15 --json s.json >lines.txt 2>talk.txt 3>&- &
    job=$!
    for ((k = 0; k < 400; k++)); do
        [ ! -e s.json ] || [ "$(grep -o '"state":"done"' s.json | wc -l)" -lt 2 ] || break
        sleep 0.02
    done
    kill -9 $job
    wait $job || :
    before=$(states s.json)
    [[ $before == *"done"*"done"* && $before == *missing* ]]
    jq -c '[.baseline, .cells[]][] | select(.state == "done") | .bench' s.json >kept.txt
    for ((k = 0; k < 100; k++)); do
        pgrep -f "^$PARPIX bench sobel --size 600x517" >left.txt || break
        sleep 0.05
    done
    [ ! -s left.txt ]
    sweep sobel --threads 1,2,3,4 --size 600x517 --min-time 0.15 --max-time 0.15 --json s.json --resume
    [ "$status" -eq 0 ]
    [ "$(states s.json)" = "done done done done done" ]
    [ "$(grep -c '^cell' <<<"$stderr")" -eq "$(grep -o missing <<<"$before" | wc -l)" ]
    jq -c '[.baseline, .cells[]][].bench' s.json >all.txt
    while read -r record; do
        grep -qxF "$record" all.txt
    done <kept.txt
    [ "$(wc -l <<<"$output")" -eq 10 ]
    # Nothing is left to do: the same lines once more.
    first=$output
    sweep sobel --threads 1,2,3,4 --size 600x517 --min-time 0.15 --max-time 0.15 --json s.json --resume
    [ "$output" = "$first" ]
    [[ $stderr != *"cell "*" of "* ]]
}

@test "a sweep that is asked to end says how to go on" {
    "$PARPIX" sweep sobel --threads 1 --size 600x517 --min-time 30 --max-time 30 --json s.json >lines.txt 2>talk.txt 3>&- &
    job=$!
    for ((k = 0; k < 200; k++)); do
        [ ! -e s.json ] || break
        sleep 0.02
    done
    kill -TERM $job
    code=0
    wait $job || code=$?
    [ $code -eq 2 ]
    grep -q '^parpix: stopped after 0 of 2 cells; .*--resume' talk.txt
    [ "$(states s.json)" = "missing missing" ]
}

@test "a launcher that fails: its words, the cell marked, the others done; going on tries it again" {
    needs_ranks
    # Serves one rank, as a queue would that lacks nodes for more.
    # shellcheck disable=SC2016
    printf '#!/bin/bash\nif [ "$1" != 1 ]; then echo "no partition has $1 nodes" >&2; exit 3; fi\nshift\nexec "$@"\n' >picky
    chmod +x picky
    sweep copy --ranks 1,2 --launcher './picky {ranks}' $short --json s.json
    [ "$status" -eq 2 ]
    [ "$(states s.json)" = "done done failed" ]
    [[ $stderr == *"2 ranks x 1 thread: failed"*"    no partition has 2 nodes"* ]]
    [[ ${stderr_lines[-1]} == "parpix: 1 of 3 cells failed; "*"--resume"* ]]
    jq -e '.cells[1] | .error == "no partition has 2 nodes\n(exit code 3)" and .bench == null and .command
        == (.command | select(contains("./picky 2 ")))' s.json
    [[ $output == *"ranks=2 threads=1 schedule=static backend=omp state=failed"* ]]
    kept=$(jq -c '.cells[0].bench.results' s.json)
    # Mended, so that it starts something: but one rank where two were asked for.
    # shellcheck disable=SC2016
    printf '#!/bin/bash\nshift\nexec "$@"\n' >picky
    sweep copy --ranks 1,2 --launcher './picky {ranks}' $short --json s.json --resume
    [ "$status" -eq 2 ]
    [ "$(grep -c '^cell' <<<"$stderr")" -eq 1 ]
    jq -e '.cells[1].error | startswith("it started 1 rank instead of 2")' s.json
    [ "$(jq -c '.cells[0].bench.results' s.json)" = "$kept" ]
}

@test "a launcher without ranks starts each cell; one that is not there is a failed cell" {
    sweep copy --threads 1,2 --launcher "env 'MARK=two words'" $short --json s.json
    [ "$status" -eq 0 ]
    jq -e '[.baseline, .cells[]] | map(.command | contains("env '"'MARK=two words'"' ")) | all' s.json
    sweep copy --threads 1 --launcher "nowhere/launcher" $short --json s.json
    [ "$status" -eq 2 ]
    jq -e '[.baseline, .cells[]] | map(.state == "failed" and (.error | contains("nowhere/launcher"))) | all' s.json
    [[ $stderr == *"nowhere/launcher"* ]]
}

@test "a launcher that speaks no UTF-8 is kept all the same" {
    printf '#!/bin/bash\nprintf "kein Knoten f\\374r Sie\\n" >&2\nexit 1\n' >latin
    chmod +x latin
    sweep copy --threads 1 --launcher ./latin $short --json s.json
    [ "$status" -eq 2 ]
    jq -e '[.baseline, .cells[]] | map(.error == "kein Knoten f?r Sie\n(exit code 1)") == [true, true]' s.json
}

@test "fewer threads than asked for are a failed cell" {
    OMP_THREAD_LIMIT=1 sweep copy --threads 2 $short --json s.json
    [ "$status" -eq 2 ]
    [[ $stderr == *"1 thread came instead of 2: is OMP_THREAD_LIMIT set?"* ]]
    jq -e '[.cells[] | select(.threads == 2).state] == ["failed"]' s.json
}

@test "on a terminal: a bar on one line" {
    command -v script >/dev/null || skip "no script"
    script -qec "$PARPIX sweep copy --threads 1,2 $short --json s.json" /dev/null </dev/null >seen.txt
    grep -q '#.*\] 2 of 3, .*about [0-9]* s left' seen.txt
    run ! grep -q '^cell' seen.txt
    [ "$(states s.json)" = "done done done" ]
}

@test "time lines go first where the file would be larger than a megabyte" {
    "$PARPIX" sweep copy --threads 1,2 $short --json s.json >lines.txt 2>talk.txt
    jq '[range(8000) | {rank: 0, thread: 0, phase: "compute", from_s: 0.25, to_s: 0.5, strip: .}] as $line
        | .baseline.bench.results[0].timeline = $line | .cells[1].bench.results[0].timeline = $line' s.json >large.json
    [ "$(stat -c %s large.json)" -gt 1500000 ]
    jq '.cells[0].state = "missing" | .cells[0].bench = null' large.json >s.json
    "$PARPIX" sweep copy --threads 1,2 $short --json s.json --resume >lines.txt 2>talk.txt
    [ "$(states s.json)" = "done done done" ]
    [ "$(stat -c %s s.json)" -lt 1000000 ]
    # That of most workers stays.
    jq -e '(.baseline.bench.results[0] | has("timeline") | not) and (.cells[1].bench.results[0].timeline | length == 8000)' s.json
}

@test "mistakes are one line and exit 2, and nothing is started" {
    while IFS=% read -r words expected; do
        eval "sweep $words"
        refused "$expected" || { echo "sweep $words"; false; }
    done <<'END'
--threads 1 --json s.json%takes chains
sobel --threads 1%--json FILE
sobel --threads '' --json s.json%not a whole number
sobel --threads 0 --json s.json%not a whole number
sobel --threads 1,2,1 --json s.json%1 is in "1,2,1" twice
sobel --ranks 1,x --json s.json%not a whole number
sobel --schedule fast --json s.json%static, dynamic, guided
sobel --schedule static: --json s.json%static, dynamic, guided
sobel --schedule static,static --json s.json%static is in "static,static" twice
sobbel --json s.json%sobel
sobel:norm=l9 --json s.json%l9
hsv --json s.json%hsv
sobel --type u7 --json s.json%u8, u16 or f32
sobel --class X --json s.json%S, W, A, B or C
sobel --json -%regular file
sobel --json /dev/null%regular file
sobel --json nowhere/s.json%nowhere
sobel --weak --size 10x2000000000 --threads 2 --json s.json%smaller --size
sobel --ranks 2 --launcher 'srun -n 2' --json s.json%{ranks}
sobel --launcher '' --json s.json%--launcher is empty
sobel --launcher '$(rm x) {ranks}' --json s.json%no command
sobel --launcher '$NOT_SET_AT_ALL {ranks}' --json s.json%not set
sobel --launcher 'srun {ranks} | tee x' --json s.json%need quotes
sobel --launcher 'srun {tasks}' --json s.json%{ranks} and {threads}
sobel --launcher "srun 'x" --json s.json%not closed
sobel --resume --json s.json%no sweep to go on with
END
    [ ! -e s.json ]
    "$PARPIX" gen cells --size 40x30 -o in.png
    sweep sobel in.png --weak --json s.json
    refused "grow with the workers"
    sweep sobel in.png in.png --json s.json
    refused "one too many"
    if [ -x "$PARPIX-mpi" ]; then
        run --separate-stderr env OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_RANK=0 "$PARPIX" sweep sobel --json s.json
        refused "without mpirun"
    fi
}

@test "going on with what is no sweep, or another one, is one line, and the file stays" {
    "$PARPIX" sweep copy --threads 1,2 $short --json s.json >lines.txt 2>talk.txt
    cp s.json kept.json
    sweep copy --threads 1,2,3 $short --json s.json --resume
    refused "other arguments" "threads [1,2] there, [1,2,3] here"
    sweep sobel --threads 1,2 $short --json s.json --resume
    refused 'specs []' '["sobel"]'
    sweep copy --threads 1,2 $short --weak --json s.json --resume
    refused "weak false there, true here"
    sweep copy --threads 1,2 $short --max-time 0.125 --json s.json --resume
    refused "max_time 0.01 there, 0.125 here"
    cmp s.json kept.json
    jq '.cells[1].threads = 7' kept.json >s.json
    sweep copy --threads 1,2 $short --json s.json --resume
    refused "damaged"
    jq '.cells[1].bench = 7' kept.json >s.json
    sweep copy --threads 1,2 $short --json s.json --resume
    refused "damaged"
    jq .baseline.bench kept.json >s.json
    sweep copy --threads 1,2 $short --json s.json --resume
    refused 'its schema is "parpix.bench/1"'
    for text in '' '{' '[]' '7' 'PNG' '{"schema": 5}'; do
        printf '%s' "$text" >s.json
        sweep copy --threads 1,2 $short --json s.json --resume
        refused "s.json"
    done
    # Another machine is said, and no error.
    jq '.host = "elsewhere"' kept.json >s.json
    sweep copy --threads 1,2 $short --json s.json --resume
    [ "$status" -eq 0 ]
    [[ $stderr == *"was begun on elsewhere and goes on on "* ]]
}

@test "a report at the end" {
    if "$PARPIX" report --help >/dev/null 2>&1; then
        "$PARPIX" sweep copy --threads 1,2 $short --json s.json --report r.html >lines.txt 2>talk.txt
        grep -qi '<html' r.html
    else
        sweep copy $short --json s.json --report r.html
        refused "no command"
    fi
}

@test "job templates: the shell takes them, the directives are there, the commands are ones that sweep takes" {
    for kind in slurm:SBATCH pbs:PBS lsf:BSUB; do
        template=$ROOT/scripts/jobs/sweep.${kind%:*}
        bash -n "$template"
        [ "$(head -n 1 "$template")" = '#!/bin/bash' ]
        # Directives count only before the first command.
        [ "$(sed '/^[^#]/,$d' "$template" | grep -c "^#${kind#*:} -")" -ge 5 ]
        [ "$(grep -c "^#${kind#*:} -" "$template")" = "$(sed '/^[^#]/,$d' "$template" | grep -c "^#${kind#*:} -")" ]
    done
    grep -q '^#SBATCH --nodes=2$' "$ROOT/scripts/jobs/sweep.slurm"
    grep -q '^#PBS -l select=2:ncpus=16:mpiprocs=16$' "$ROOT/scripts/jobs/sweep.pbs"
    grep -q '^#BSUB -R "span\[ptile=16\]"$' "$ROOT/scripts/jobs/sweep.lsf"
    [ -x "$PARPIX-mpi" ] || return 0
    # As the job would, but for the running.
    printf '#!/bin/bash\nexec %s "$@" --dry-run\n' "$PARPIX" >parpix
    chmod +x parpix
    printf 'n1\nn1\nn2\nn2\n' >nodes
    for kind in slurm pbs lsf; do
        SLURM_JOB_NUM_NODES=2 PBS_NODEFILE=$PWD/nodes LSB_DJOB_HOSTFILE=$PWD/nodes PARPIX=$PWD/parpix \
            bash "$ROOT/scripts/jobs/sweep.$kind" >commands.txt 2>talk.txt || { cat talk.txt; false; }
        [ "$(wc -l <commands.txt)" -eq 7 ]
        [ "$(grep -c -- '-n 32 ' commands.txt)" -eq 1 ]
        [ "$(grep -cE -- 'n 1 (--map-by ppr:[0-9]+:node:pe=1 --bind-to core|-c 1 .*--cpu-bind=cores)' commands.txt)" -ge 1 ]
    done
}

@test "the sweep over threads in ten lines of shell" {
    PARPIX=$PARPIX "$ROOT/scripts/sweep-threads" sobel $short >table.txt
    grep -qE '^ +1 threads +[0-9.]+ ms +1\.00x$' table.txt
    [ "$(wc -l <table.txt)" -ge 1 ]
}
