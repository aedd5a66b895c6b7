#!/usr/bin/env bats
# commands.bats: list, info, compare, and what all commands have in common.
#
#     bats tests/commands.bats              PARPIX=build/parpix unless it is set

bats_require_minimum_version 1.5.0

setup() {
    PARPIX=$(realpath "${PARPIX:-$BATS_TEST_DIRNAME/../build/parpix}")
    unset PARPIX_SIMD OMP_SCHEDULE OMP_NUM_THREADS OMP_PLACES OMP_PROC_BIND
    cd "$BATS_TEST_TMPDIR" || exit
}

# A PGM of that size; every sample is 100, but those of row=value arguments.
pgm() {
    local name=$1 width=$2 height=$3 row spaces sample
    shift 3
    local -a value=()
    for row in "$@"; do value[${row%=*}]=${row#*=}; done
    printf -v spaces "%${width}s" ''
    {
        printf 'P5\n%d %d\n255\n' "$width" "$height"
        for ((row = 0; row < height; row++)); do
            printf -v sample '\\x%x' "${value[row]:-100}"
            printf "${spaces// /$sample}"
        done
    } > "$name"
}

parpix() {
    run --separate-stderr "$PARPIX" "$@"
}

# Exit code 2, nothing on stdout, one line on stderr that contains each word.
refused() {
    local word
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "parpix: "* ]]
    for word in "$@"; do
        [[ $stderr == *"$word"* ]] || { echo "no \"$word\" in: $stderr"; false; }
    done
}

ranks() {
    local n=$1
    shift
    command -v mpirun.openmpi > /dev/null || skip "no mpirun.openmpi"
    [ -x "${PARPIX}-mpi" ] || skip "built without MPI"
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
    export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader,tcp
    export OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo
    run --separate-stderr mpirun.openmpi -n "$n" "$PARPIX" "$@"
}

# ---- The program ----

@test "without arguments and with --help there is an overview of all commands" {
    for option in "" --help -h help; do
        parpix $option
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        for command in list info gen run compare verify; do
            [[ $output == *"  $command "* ]]
        done
        [[ $output == *Example:* && $output == *--help* ]]
    done
}

@test "--version is one line" {
    parpix --version
    [ "$status" -eq 0 ]
    [[ $output =~ ^parpix\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "every command explains itself" {
    for command in list info gen run compare verify; do
        parpix "$command" --help
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        [[ ${lines[0]} == "parpix $command: "* ]]
        [[ $output == *"Usage: parpix $command"* ]]
        [[ $output == *"-h, --help"* ]]
        [[ $output == *"Example:"* ]]
    done
}

@test "an unknown command names the nearest" {
    parpix cmpare a b
    refused '"cmpare"' 'did you mean "compare"?'
    parpix qqqqqqq
    refused 'parpix --help'
    parpix ""
    refused 'no command ""'
    parpix --json
    refused '--json' 'before a command'
}

@test "an unknown option names the nearest" {
    parpix compare --heatmp x a b
    refused '--heatmp' 'did you mean --heatmap?'
    parpix compare --max-dif=3 a b --max-diffs 3
    refused 'did you mean --max-diff?'
    parpix list --qqqqqqqq
    refused 'parpix list --help'
    parpix list -x
    refused '-x' 'parpix list --help'
    parpix compare --ma 3
    refused '--ma could be --max-diff or --max-count'
}

@test "values that are missing, or one too many" {
    parpix compare a b --heatmap
    refused '--heatmap needs a value: --heatmap FILE'
    parpix info -t
    refused '--threads needs a value'
    parpix list --json=3
    refused '--json takes no value'
    parpix list --help=3
    refused '--help takes no value'
}

@test "numbers are whole strings in range" {
    for bad in 8x '' ' 8' 0 -1 4097 1.5 99999999999999999999; do
        parpix info -t "$bad"
        refused "\"$bad\"" "from 1 to 4096"
    done
    for bad in 4Q G '' -1 1.5G 99999999999999999999 99999999999999G; do
        parpix compare a b --max-pixels "$bad"
        refused --max-pixels "\"$bad\""
    done
    for bad in x 1x '' nan inf -1; do
        parpix compare a b --max-diff "$bad"
        refused --max-diff "\"$bad\""
    done
}

@test "PARPIX_SIMD selects a level or says why not" {
    PARPIX_SIMD=baseline parpix info --json
    [ "$(jq -r .simd <<< "$output")" = baseline ]
    PARPIX_SIMD=sse9 parpix list
    refused PARPIX_SIMD=sse9 baseline
    PARPIX_SIMD='' parpix list
    [ "$status" -eq 0 ]
}

@test "the schedule is static unless OMP_SCHEDULE says otherwise" {
    parpix info --json
    [ "$(jq -r .schedule <<< "$output")" = static ]
    OMP_SCHEDULE=guided,4 parpix info --json
    [ "$(jq -r .schedule <<< "$output")" = guided,4 ]
}

@test "output that does not arrive is an error" {
    for arguments in list 'list --json' info 'info --json' --help 'run --help'; do
        run -2 bash -c "'$PARPIX' $arguments > /dev/full"
        [[ $output == *"No space left"* || $output == *"no space left"* ]]
        run bash -c "set -o pipefail; (sleep 0.1; '$PARPIX' $arguments) | true; echo \${PIPESTATUS[0]}"
        [ "${lines[-1]}" = 2 ]
        run -2 bash -c "'$PARPIX' $arguments >&-"
    done
}

# ---- Under a launcher ----

@test "under a launcher parpix becomes the parpix-mpi beside it" {
    cp "$PARPIX" ./renamed
    printf '#!/bin/sh\necho "ranks: $*"\n' > parpix-mpi
    chmod +x parpix-mpi
    for place in 'OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=1' 'PMI_SIZE=2 PMI_RANK=0' \
        'SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=1' PMIX_RANK=1 \
        'OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_RANK=0'; do
        run env $place ./renamed list --json "a b"
        [ "$output" = "ranks: list --json a b" ]
    done
    # A batch script, or a shell that srun has started, is no rank.
    for place in SLURM_PROCID=0 'SLURM_STEP_NUM_TASKS=1 SLURM_PROCID=0' OMPI_COMM_WORLD_SIZE=2; do
        run env $place ./renamed --version
        [[ $output == "parpix "* ]]
    done
}

@test "without parpix-mpi one rank says so and all fail" {
    cp "$PARPIX" ./parpix
    run --separate-stderr env PMI_SIZE=2 PMI_RANK=0 ./parpix list
    refused parpix-mpi MPI=1
    run --separate-stderr env PMI_SIZE=2 PMI_RANK=1 ./parpix list
    [ "$status" -eq 2 ]
    [ -z "$stderr$output" ]
    run env PMI_SIZE=1 PMI_RANK=0 ./parpix --version
    [ "$status" -eq 0 ]
}

@test "ranks: one of them talks, all return the code" {
    ranks 2 list --json
    [ "$status" -eq 0 ]
    [ "$(jq -s length <<< "$output")" -eq 1 ]
    ranks 2 nonsense
    [ "$status" -eq 2 ]
    [ "$(grep -c '^parpix: ' <<< "$stderr")" -eq 1 ]
    pgm a.pgm 3 3
    pgm b.pgm 3 3 1=7
    ranks 2 compare a.pgm b.pgm
    [ "$status" -eq 1 ]
    [ "$(grep -c '^different' <<< "$output")" -eq 1 ]
    ranks 2 compare a.pgm missing.pgm
    [ "$status" -eq 2 ]
    ranks 3 info --json
    [ "$(jq .ranks <<< "$output")" -eq 3 ]
    [ "$(jq '.places | length' <<< "$output")" -eq 3 ]
}

# ---- list ----

@test "list names kernels and scenes, with their parameters" {
    parpix list
    [ "$status" -eq 0 ]
    [[ $output == *"  invert "* && $output == *"  threshold "* && $output == *Scenes* ]]
}

@test "list --json is valid and complete" {
    parpix list --json
    [ "$status" -eq 0 ]
    jq -e '.kernels | length > 3' <<< "$output"
    jq -e '.scenes | length > 0' <<< "$output"
    jq -e '[.kernels[] | .name, .summary, .pattern] | all(type == "string" and length > 0)' <<< "$output"
    jq -e '[.kernels[].types | length] | all(. > 0)' <<< "$output"
    jq -e '[(.kernels + .scenes)[].params[] | .key, .help] | all(length > 0)' <<< "$output"
    jq -e '[(.kernels + .scenes)[].params[] | select(.kind == "int" or .kind == "real")
            | .least <= .most] | all' <<< "$output"
    jq -e '.kernels[] | select(.name == "threshold") | .params[0]
            | .key == "t" and .required and .least == 0 and .most == 65535' <<< "$output"
}

@test "list NAME explains one, and knows the nearest" {
    parpix list threshold
    [ "$status" -eq 0 ]
    [[ $output == *"types     u8 u16 f32"* && $output == *"must be given"* ]]
    parpix list threshold --json
    [ "$(jq -r .name <<< "$output")" = threshold ]
    parpix list treshold
    refused 'did you mean "threshold"?'
    parpix list a b
    refused 'one name'
}

# ---- info ----

@test "info tells where threads are" {
    parpix info -t 3
    [ "$status" -eq 0 ]
    [[ $output == *SIMD* && $output == *OpenMP* && $output == *"64 rows"* ]]
    parpix info -t 3 --json
    [ "$(jq '.places[0].threads | length' <<< "$output")" -eq 3 ]
    [ "$(jq .cpus_online <<< "$output")" -eq "$(nproc --all)" ] || [ "$(nproc --all)" -gt "$(getconf _NPROCESSORS_ONLN)" ]
    parpix info x
    refused '"x"'
}

@test "info shows the variables in force" {
    OMP_NUM_THREADS=1 PARPIX_SIMD=baseline parpix info
    [[ $output == *OMP_NUM_THREADS=1* && $output == *PARPIX_SIMD=baseline* ]]
    OMP_NUM_THREADS=1 parpix info --json
    [ "$(jq -r .environment.OMP_NUM_THREADS <<< "$output")" = 1 ]
}

@test "fewer CPUs than threads is a warning that says what to do" {
    run --separate-stderr taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" "$PARPIX" info -t 2
    [ "$status" -eq 0 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == *warning* && $stderr == *"-t 1"* ]]
    parpix info -t 64
    [ "$status" -eq 0 ]
    [[ $stderr == *warning* && $stderr == *OMP_NUM_THREADS* ]] || [ "$(nproc)" -ge 64 ]
    parpix info -t 1
    [ -z "$stderr" ]
}

# ---- compare ----

@test "compare: equal images" {
    pgm a.pgm 5 130
    cp a.pgm b.pgm
    parpix compare a.pgm b.pgm
    [ "$status" -eq 0 ]
    [[ $output == "equal: a.pgm and b.pgm, 5 x 130, 1 channel of u8" ]]
    parpix compare a.pgm b.pgm --json -
    [ "$status" -eq 0 ]
    [ "$(jq -r .verdict <<< "$output")" = equal ]
    jq -e '.difference | .differing == 0 and .psnr == null and .first == null' <<< "$output"
}

@test "compare: how much and where first" {
    pgm a.pgm 5 130
    pgm b.pgm 5 130 30=103 31=101
    parpix compare a.pgm b.pgm
    [ "$status" -eq 1 ]
    [[ $output == "different: "* ]]
    [[ $output == *"10 of 650 differ (1.538 %)"* ]]
    [[ $output == *"largest 3, mean 0.0307692, PSNR 59.27 dB"* ]]
    [[ $output == *"x 0, y 30, channel 0: 100 in A, 103 in B"* ]]
    [[ $output == *"30-31 (2 of 130)"* ]]
    [[ $output == *"none of these rows lies within 4"* ]]
}

@test "compare: along strip borders" {
    pgm a.pgm 5 200
    pgm b.pgm 5 200 63=1 64=1 126=1
    parpix compare a.pgm b.pgm
    [[ $output == *"all these rows lie within 2 of a border (multiples of 64), along 2 of 3"* ]]
    parpix compare a.pgm b.pgm --halo 1
    [[ $output == *"2 of these 3 rows within 1 of a border"* ]]
    pgm c.pgm 5 200 63=1 100=1
    parpix compare a.pgm c.pgm --json -
    jq -e '.difference.strips | .all == false and .rows_near == 1' <<< "$output"
}

@test "compare: along rank borders" {
    pgm a.pgm 5 200
    pgm b.pgm 5 200 128=1
    echo '{"bands": [[0, 64], [64, 128], [128, 200], [200, 200]]}' > three.json
    parpix compare a.pgm b.pgm --run three.json
    [[ $output == *ranks*"all these rows lie within 1 of a border"*"along 1 of 2"* ]]
    echo '{"bands": [[0, 64], [64, 200]]}' > two.json
    parpix compare a.pgm b.pgm --run two.json
    [[ $output == *ranks*"none of these rows"* ]]
    echo '{}' > serial.json
    parpix compare a.pgm b.pgm --run serial.json
    [[ $output == *ranks*"no borders"* ]]
}

@test "compare: a run's JSON that is none" {
    pgm a.pgm 5 20
    pgm b.pgm 5 20 3=1
    for bad in '' '[' '{"bands": 3}' '{"bands": [[0, 10], [10, 300]]}' '{"bands": [["a", 3]]}' \
        '{"bands": [[10, 20], [5, 10]]}' '{"bands": [[-1, 5]]}'; do
        printf '%s' "$bad" > bad.json
        parpix compare a.pgm b.pgm --run bad.json
        refused bad.json
    done
    parpix compare a.pgm b.pgm --run missing.json
    refused missing.json
}

@test "compare: tolerances" {
    pgm a.pgm 5 20
    pgm b.pgm 5 20 3=102 9=99
    parpix compare a.pgm b.pgm --max-diff 2
    [ "$status" -eq 0 ]
    [[ $output == "within limits: "* ]]
    parpix compare a.pgm b.pgm --max-diff 1
    [ "$status" -eq 1 ]
    [[ $output == *"differ by more than 1: 5, up to 0 may"* ]]
    [[ $output == *"y 3, "* ]]
    parpix compare a.pgm b.pgm --max-diff 1 --max-count 5
    [ "$status" -eq 0 ]
    parpix compare a.pgm b.pgm --max-diff 1 --max-count 4
    [ "$status" -eq 1 ]
    parpix compare a.pgm b.pgm --max-count 10
    [ "$status" -eq 0 ]
    parpix compare a.pgm b.pgm --max-count 9
    [ "$status" -eq 1 ]
}

@test "compare: shapes and types that differ are a difference" {
    pgm a.pgm 5 20
    pgm b.pgm 20 5
    parpix compare a.pgm b.pgm --json out.json
    [ "$status" -eq 1 ]
    [[ $output == "different: a.pgm is 5 x 20, "*"but b.pgm is 20 x 5, "* ]]
    jq -e '.verdict == "different" and .same_shape == false' out.json
    printf 'P5\n1 1\n65535\nab' > c.pgm
    printf 'P5\n1 1\n255\na' > d.pgm
    parpix compare c.pgm d.pgm
    [ "$status" -eq 1 ]
    [[ $output == *"u16"*"u8"* ]]
    printf 'P6\n1 1\n255\nabc' > e.ppm
    parpix compare d.pgm e.ppm
    [ "$status" -eq 1 ]
    [[ $output == *"3 channels"* ]]
}

@test "compare: what cannot be read is 2" {
    pgm a.pgm 5 20
    parpix compare a.pgm missing.pgm
    refused missing.pgm
    head -c 50 a.pgm > short.pgm
    parpix compare a.pgm short.pgm
    refused short.pgm
    echo hello > text.pgm
    parpix compare text.pgm a.pgm
    refused text.pgm
    parpix compare a.pgm a.pgm --max-pixels 99
    refused a.pgm
    parpix compare a.pgm a.pgm --max-pixels 100
    [ "$status" -eq 0 ]
}

@test "compare: operands and streams" {
    pgm a.pgm 5 20
    parpix compare
    refused 'two images' 'parpix compare a.png b.png'
    parpix compare a.pgm
    refused 'not 1'
    parpix compare a.pgm a.pgm a.pgm
    refused 'not 3'
    parpix compare - -
    refused stdin
    parpix compare a.pgm a.pgm --json - --heatmap -
    refused stdout
    run -0 bash -c "'$PARPIX' compare - a.pgm < a.pgm"
    [[ $output == "equal: "* ]]
}

@test "compare: the heatmap" {
    pgm a.pgm 4 3
    pgm b.pgm 4 3 1=110 2=101
    parpix compare a.pgm b.pgm --heatmap heat.pgm
    [ "$status" -eq 1 ]
    pgm wanted.pgm 4 3 0=0 1=255 2=26
    parpix compare heat.pgm wanted.pgm
    [ "$status" -eq 0 ]
    parpix compare a.pgm b.pgm --heatmap missing/heat.pgm
    refused missing
    parpix compare a.pgm b.pgm --heatmap heat.xyz
    refused heat.xyz
    [ ! -e heat.xyz ]
}

@test "compare --ssim: 1 for equal images, less where they differ, and a map of where" {
    "$PARPIX" gen cells -o a.png --size 300x200
    "$PARPIX" run gaussian:sigma=2 a.png -o b.png -q
    parpix compare a.png a.png --ssim
    [ "$status" -eq 0 ]
    [[ $output == *"similarity  1 (SSIM)"* ]]
    parpix compare a.png b.png --ssim-map map.npy --json r.json
    [ "$status" -eq 1 ]
    jq -e '.difference.ssim > 0.1 and .difference.ssim < 0.99' r.json
    parpix run ssim:with=b.png a.png -o same.npy --json run.json -q
    [ "$status" -eq 0 ]
    cmp map.npy same.npy
    [ "$(jq .difference.ssim r.json)" = "$(jq .findings.ssim.ssim run.json)" ]
    parpix compare a.png b.png --ssim-map map.png
    refused map.png .npy
}

@test "what a parameter cannot be is one line that says why" {
    "$PARPIX" gen cells -o a.png --size 60x40
    "$PARPIX" gen cells -o other.png --size 61x40
    local spec
    for spec in gaussian:sigma=0 gaussian:sigma=-1 unsharp:sigma=0,amount=1 dog:sigma1=0,sigma2=2 \
        median:radius=0 box:radius=-1 bilateral:sigma_r=0 nlm:h=1,patch=4 nlm:h=1,search=20 \
        harris:block=2 adaptive-median:max=0 percentile:radius=1,p=101 erode:shape=star \
        resize:width=0 resize:scale=-2 pyramid:levels=0 levels:low=9,high=9 clahe:tiles=0 \
        area-open:area=0 canny:low=9,high=3 'regions:filter=aera>3'; do
        parpix run "$spec" a.png -o out.png
        refused "${spec%%:*}"
    done
    parpix run diff:with=nobody.png a.png -o out.png
    refused nobody.png "no such file"
    parpix run diff:with=other.png a.png -o out.png
    refused other.png "61 x 40" "60 x 40"
    parpix run regions:intensity=other.png a.png -o out.npy
    refused other.png "61 x 40" "60 x 40"
    parpix run lut:file=nobody.txt a.png -o out.png
    refused nobody.txt
    parpix run diff a.png -o out.png
    refused diff with=
    [ ! -e out.png ]
}

@test "regions: what the filter keeps is in the table, and the picture has it in colour" {
    "$PARPIX" gen cells -o a.png --size 300x200
    local chain='gaussian:sigma=2+otsu+regions:filter=area>=120&border=0,intensity=a.png,output=colour'
    "$PARPIX" run "$chain" a.png -o out.png -q --labels-csv regions.csv --json run.json
    [[ $(head -n 1 regions.csv) == label,area,x0,*,perimeter,euler,border,orientation,least,most,mean ]]
    [ "$(awk -F, 'NR > 1 && $2 < 120' regions.csv | wc -l)" = 0 ]
    count=$(jq .findings.regions.count run.json) found=$(jq .findings.regions.found run.json)
    [ "$(($(wc -l <regions.csv) - 1))" = "$count" ]
    [ "$count" -gt 0 ]
    [ "$count" -lt "$found" ]
    [ "$(jq .result.channels run.json)" = 3 ]
}

@test "touching cells are parted and counted" {
    "$PARPIX" gen cells -o many.png --truth many.json --size 900x700 --set touching=20
    parpix run otsu+distance+watershed:of=maxima,floor=1,depth=16 many.png -o basins.npy --json basins.json -q
    [ "$status" -eq 0 ]
    local found true merged
    found=$(jq .findings.watershed.basins basins.json)
    true=$(jq .count many.json)
    [ $((found * 100)) -le $((true * 102)) ] && [ $((found * 100)) -ge $((true * 98)) ]
    parpix run otsu+label many.png -o labels.npy --json labels.json -q # without, pairs are one
    merged=$(jq .findings.label.count labels.json)
    [ $((merged * 100)) -lt $((true * 95)) ]
}

@test "markers are a label image of the same size" {
    "$PARPIX" gen cells -o gray.png --labels these.npy --size 70x50
    "$PARPIX" gen cells -o wide.png --size 71x50
    parpix run watershed:markers=these.npy gray.png -o flood.npy
    [ "$status" -eq 0 ]
    parpix run watershed:markers=wide.png gray.png -o flood.npy
    refused wide.png "71 x 50" "70 x 50"
    parpix run watershed:markers=these.npy,depth=3 gray.png -o flood.npy
    refused depth
}

@test "radii beyond the image work" {
    "$PARPIX" gen cells -o a.png --size 20x9
    local spec
    for spec in gaussian:sigma=60 box:radius=300 median:radius=50 erode:shape=disk,radius=90 \
        bilateral:sigma_s=9,sigma_r=20 guided:radius=99 adaptive:radius=70 sauvola:radius=70 \
        percentile:radius=40,p=10 tophat:radius=77 clahe:tiles=32; do
        parpix run "$spec" a.png -o out.png -q
        [ "$status" -eq 0 ] || { echo "$spec: $stderr"; false; }
    done
}
