#!/usr/bin/env bats
# report.bats: parpix report: fits of known laws, the page as a browser reads it, comparisons with a
# baseline, refusals. Records are real ones of `parpix bench`, put together by jq.

bats_require_minimum_version 1.5.0

setup_file() {
    PARPIX=$(realpath "${PARPIX:-$BATS_TEST_DIRNAME/../build/parpix}")
    export PARPIX
    cd "$BATS_TEST_DIRNAME/.." || exit
    source tests/environment.sh
    cd "$BATS_FILE_TMPDIR" || exit
    OMP_NUM_THREADS=1 "$PARPIX" bench gaussian:sigma=2 label --size 500x400 --min-time 0.02 --max-time 0.2 \
        --json one.json > lines.txt 2> table.txt
    # Thirty samples of each, of real noise that is scaled to two per cent at most: intervals must not
    # depend on what else this machine does.
    jq '.results[].samples_s |= ((. + . + . + . + . + .)[:30] | (sort | .[length / 2 | floor]) as $m
        | (map((. - $m) | fabs) | max) as $most | map($m * (1 + 0.02 * (. - $m) / ($most + 1e-12))))' \
        one.json > bench.json
    # sweep PART: cells of 1 to 16 workers whose samples are the real ones by Amdahl's law.
    jq --argjson part 0.2 "$(sweep_of)" bench.json > sweep.json
}

# A program for jq: the record of one worker becomes a sweep with a serial part of $part.
sweep_of() {
    cat << 'EOF'
def cell(ranks; threads): . as $one | (ranks * threads) as $p | .ranks = ranks | .threads = threads
    | .context = {cpu: "a CPU", cpus: 16, memory_gbyte_per_s: 400, peak_gflop_per_s: 200}
    | .marks = []
    | .results[] |= (.samples_s[] *= ($part + (1 - $part) / $p)
        | .nbytes = 400000
        | .pop = {load_balance: 0.99, communication_efficiency: 0.98, parallel_efficiency: 0.97}
        | .phases = [range(ranks) as $r | range(threads) as $t |
            {rank: $r, thread: $t, compute_s: 0.9, exchange_s: 0.05, wait_s: 0.03, reduce_s: 0.02}]
        | .timeline = [range(ranks) as $r | range(threads) as $t |
            {rank: $r, thread: $t, phase: "compute", from_s: 0, to_s: 0.9, strip: $t},
            {rank: $r, thread: $t, phase: "wait", from_s: 0.9, to_s: 1}])
    | {ranks: ranks, threads: threads, schedule: "static", state: "done", error: null, seconds: 1,
       command: "mpirun -n \(ranks) parpix bench gaussian:sigma=2 -t \(threads)",
       oversubscribed: ($p > 16), bench: .};
. as $one | {schema: "parpix.sweep/1", parpix, date, command: "parpix sweep gaussian:sigma=2 label",
    weak: false, specs: ["gaussian:sigma=2", "label"], width, height,
    baseline: {kind: "serial", bench: ($one | cell(1; 1) | .bench)},
    cells: [(1, 2, 4) as $r | (1, 2, 4) as $t | $one | cell($r; $t)], pictures: []}
EOF
}

setup() {
    cd "$BATS_TEST_DIRNAME/.." || exit
    source tests/environment.sh
    cp "$BATS_FILE_TMPDIR"/*.json "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR" || exit
    lines="$BATS_FILE_TMPDIR/lines.txt"
}

report() {
    "$PARPIX" report "$@"
}

# What a browser makes of a page, after its scripts.
dom() { # FILE
    command -v chromium > /dev/null || skip "no chromium"
    timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/browser" \
        --dump-dom "file://$PWD/$1" 2> browser.txt
}

# No line like that; a plain `! grep` would fail no test.
lacks() { # GREP'S ARGUMENTS
    if grep "$@"; then return 1; fi
}

# As a policy has it.
hash_of() { # TEXT
    printf "$(printf %s "$1" | sha256sum | cut -c 1-64 | sed 's/../\\x&/g')" | base64
}

# The words of a page: a space for each element, entities as they are.
words() {
    sed -e 's/<[^>]*>/ /g' -e 's/&nbsp;/ /g' | tr -s ' \n' ' '
}

@test "a serial part put into real samples is found within a tenth" {
    local part
    for part in 0.05 0.2 0.5; do
        jq --argjson part $part "$(sweep_of)" bench.json > s.json
        report s.json --text > text.txt
        grep -q '^all 30 results equal the serial run' text.txt
        grep '^Amdahl: serial part' text.txt | awk -v part=$part '
            { if ($4 < 90 * part || $4 > 110 * part) exit 1; n++ } END { exit n != 3 }'
        [ "$(grep -c 'Universal law: sigma' text.txt)" -eq 3 ]
    done
    grep -q 'A serial part of 50' text.txt
}

# A launcher whose workers sleep: a serial part, and a part that really runs side by side. Its times
# are those of the clock, on any number of processors; what one worker took beyond the part that is
# shared out is the serial part, with whatever a busy machine adds to it.
@test "a serial part that a launcher adds is found within a tenth" {
    cat > launch << 'EOF'
# launch WORKERS SERIAL PARALLEL: seconds of three runs, by the clock
share=$(awk -v s="$3" -v p="$1" 'BEGIN { print s / p }')
for _ in 1 2 3; do
    start=$EPOCHREALTIME
    sleep "$2"
    for ((k = 0; k < $1; k++)); do sleep "$share" & done
    wait
    awk -v from="$start" -v to="$EPOCHREALTIME" 'BEGIN { print to - from }'
done
EOF
    for p in 1 2 4; do bash launch $p 0.48 1.12 > seconds.$p & done
    wait
    for p in 1 2 4; do
        jq --slurpfile s seconds.$p --argjson p $p '.threads = $p | .results |= [.[1] | .samples_s = $s]' \
            bench.json > b$p.json
    done
    report b1.json b2.json b4.json --text > text.txt
    part=$(sort -n seconds.1 | awk 'NR == 2 { print 100 * ($1 - 1.12) / $1 }')
    grep '^Amdahl' text.txt | awk -v part="$part" '
        { if ($4 < 0.9 * part || $4 > 1.1 * part) exit 1; n++ } END { exit n != 1 }' ||
        { cat text.txt; echo "wanted $part"; false; }
}

@test "the page in a browser: verdict first, every section, nothing from outside" {
    report sweep.json -o r.html
    [ "$(stat -c %s r.html)" -lt 1000000 ]
    lacks -qiE '(src|href|url)[ =(]*.?(https?:)?//' r.html
    lacks -qE 'https?:' r.html
    dom r.html > dom.html
    words < dom.html > words.txt
    grep -q 'Verdict Verified: all 30 results equal the serial run.s, byte for byte' words.txt
    grep -q 'gaussian:sigma=2,border=replicate 500 x 400, 1 channel of u8 Fastest: 4 ranks × 4 threads' words.txt
    grep -q 'mpirun -n 4 parpix bench gaussian:sigma=2 -t 4' words.txt
    grep -q '95 % interval' words.txt
    grep -q 'A serial part of 20' words.txt
    grep -q 'Amdahl serial part 20' words.txt
    grep -q 'Universal law contention σ' words.txt
    local id
    for id in verdict speed laws weak phases pop heat roofline timeline pictures numbers context raw; do
        grep -q "<section id=\"$id\"" dom.html
        grep -q "href=\"#$id\"" dom.html
    done
    [ "$(grep -o '<svg' dom.html | wc -l)" -gt 20 ]
    # The sections that these records cannot fill say so in a line.
    grep -q 'No records of weak scaling' words.txt
    grep -q 'These records have no images' words.txt
}

@test "the policy of the page lets its own script run, and no other" {
    "$PARPIX" gen cells --size 60x40 -o a.png
    "$PARPIX" run invert a.png -o b.png -q
    jq --arg a "$(base64 -w 0 a.png)" --arg b "$(base64 -w 0 b.png)" '.pictures = [
        {chain: "copy", width: 60, height: 40, equal: true, serial_png: $a, parallel_png: $a, parallel: "2 ranks"},
        {chain: "invert", width: 60, height: 40, equal: false, serial_png: $a, parallel_png: $b, parallel: "2 ranks"},
        {chain: "bad", width: 1, height: 1, equal: true, parallel: "2 ranks",
         serial_png: "iVBORw0KGgo)}</style><script>alert(1)</script>", parallel_png: "x"}]' sweep.json > s.json
    report s.json -o r.html
    script=$(grep -o '<script>.*</script>' r.html | sed -e 's/<script>//' -e 's|</script>||')
    hash=$(hash_of "$script")
    grep -qF "script-src 'sha256-$hash'" r.html
    [ "$(grep -o '<script' r.html | wc -l)" -eq 1 ]
    lacks -q 'alert(1)' r.html
    # Equal pictures are stored once: four files would be four, here are three.
    [ "$(grep -o 'data:image/png;base64' r.html | wc -l)" -eq 3 ]
    # Moving the slider moves the border.
    sed 's|</script></body>|;const s=document.querySelector(".slide");s.value=80;s.dispatchEvent(new Event("input"))&|' \
        r.html > moved.html
    hash=$(hash_of "$(grep -o '<script>.*</script>' moved.html | sed -e 's/<script>//' -e 's|</script>||')")
    sed -i "s|script-src 'sha256-[^']*'|script-src 'sha256-$hash'|" moved.html
    dom moved.html > dom.html
    grep -q 'class="stage" style="[^"]*--cut: *80%' dom.html
    words < dom.html > words.txt
    grep -q 'invert serial and 2 ranks: different' words.txt
    grep -q 'copy serial and 2 ranks: equal in every byte' words.txt
    grep -q '1 more is not shown' words.txt
}

@test "names of strangers are text and nothing else" {
    evil='</pre></script><script>document.title="owned"</script><img src=x onerror=alert(1)>"'"'"'&{{'
    jq --arg evil "$evil" '(.. | objects | select(has("host")) | .host) |= $evil
        | (.cells[], .baseline) |= (.bench.context.cpu = $evil | .bench.context.host = $evil
            | .bench.context[$evil] = $evil | .bench.marks = [$evil] | .bench.results[].chain += $evil
            | .bench.results[].pop[$evil] = 0.5)
        | .cells[3] |= (.state = "failed" | .error = $evil | .bench = null | .schedule = $evil)
        | .cells[].command = $evil | .command = $evil' sweep.json > "<b>s&.json"
    report '<b>s&.json' -o r.html --baseline '<b>s&.json' > changes.txt 2> talk.txt
    lacks -qE '<img|onerror=alert\(1\)>"|<script>document|<b>s' r.html
    [ "$(grep -o '</pre>' r.html | wc -l)" -eq "$(grep -o '<pre' r.html | wc -l)" ]
    dom r.html > dom.html
    grep -q '<title>parpix report</title>' dom.html
    lacks -q '<img' dom.html
    [ "$(grep -o '<script' dom.html | wc -l)" -eq 1 ]
    grep -q 'on &lt;/pre&gt;&lt;/script&gt;' dom.html
    # A terminal is not steered either.
    jq '.cells[3] |= (.state = "failed" | .bench = null | .error = "\u001b[2J\u0007gone")
        | .cells[].bench.results[]?.chain += "\u001b[31m"' sweep.json > s.json
    report s.json --text > text.txt
    lacks -q $'[\e\a]' text.txt
}

@test "a baseline finds what is slower, and only what surely is" {
    jq '.cells[].bench.results[1].samples_s[] *= 1.3' sweep.json > slow.json
    run --separate-stderr report slow.json --baseline sweep.json --fail-over 5%
    [ "$status" -eq 1 ]
    [ "$(grep -c 'chain=gaussian.* change=slower' <<< "$output")" -eq 9 ]
    [ "$(grep -c 'change=slower' <<< "$output")" -eq 9 ]
    grep -q 'ratio=1.3 ' <<< "$output"
    [[ ${stderr_lines[0]} == *"9 of 27 results are wrong or surely more than 5 % slower than in sweep.json"* ]]
    # Within the limit, the other way round, or no limit: nothing fails.
    report slow.json --baseline sweep.json --fail-over 40% > changes.txt
    report sweep.json --baseline slow.json --fail-over 5% > changes.txt
    [ "$(grep -c 'change=faster' changes.txt)" -eq 9 ]
    report slow.json --baseline sweep.json -o r.html > changes.txt
    words < r.html | grep -q 'Against the baseline .* 9 of 27'
    # Half of the samples are slower: the interval reaches below the limit, which is not sure.
    jq '(.cells[].bench.results[1].samples_s) |= [to_entries[] | .value * (if .key % 2 == 0 then 1.3 else 0.8 end)]' \
        sweep.json > wide.json
    report wide.json --baseline sweep.json --fail-over 5% > changes.txt
    lacks -q 'change=slower' changes.txt
    # Three samples are too few to say.
    jq '.cells[].bench.results[1].samples_s |= (.[:3] | map(. * 2))' sweep.json > few.json
    report few.json --baseline sweep.json --fail-over 5% > changes.txt
    [ "$(grep -c 'change=too-few-samples' changes.txt)" -eq 9 ]
    # What is wrong is not as fast as anything.
    jq '.cells[4].bench.results[1].verified = false' sweep.json > wrong.json
    run --separate-stderr report wrong.json --baseline sweep.json --fail-over 5%
    [ "$status" -eq 1 ]
    [ "$(grep -c 'change=wrong' <<< "$output")" -eq 1 ]
}

@test "a baseline finds a kernel that does more" {
    OMP_NUM_THREADS=1 "$PARPIX" bench median:radius=2 --size 200x160 --max-time 0.15 --json old.json > lines.txt 2> t.txt
    OMP_NUM_THREADS=1 "$PARPIX" bench median:radius=12 --size 200x160 --max-time 0.15 --json new.json > lines.txt 2> t.txt
    # The same chain by name, as it is when its code has changed.
    jq '.results[1].chain |= sub("radius=12"; "radius=2")' new.json > renamed.json
    run report renamed.json --baseline old.json --fail-over 50%
    [ "$status" -eq 1 ]
    grep -q 'chain=median:radius=2.* change=slower' <<< "$output"
}

@test "what is missing leaves its section out, with a line that says so" {
    jq 'del(.marks, .context, .results[]["phases", "pop", "timeline", "of_memory"])' bench.json > b1.json
    report b1.json -o r.html
    words < r.html > words.txt
    local line
    for line in 'have no phases' 'have no POP figures' 'No map: that takes' 'no measured memory bandwidth' \
        'have no time lines' 'have no images' 'No records of weak scaling' 'No fits: they take' \
        'say little of where' 'One number of workers makes no line'; do
        grep -q "$line" words.txt || { echo "no line: $line"; false; }
    done
    # Without a run of one worker there are no speed-ups.
    jq '.threads = 2' b1.json > b2.json
    report b2.json -o r.html
    words < r.html | grep -q 'no run of one worker to compare with'
    report b1.json b2.json --text | grep -q '^ *1 *2 .* %'
}

@test "failed cells, wrong results and several machines are said" {
    jq '.cells[8] |= (.state = "failed" | .bench = null | .error = "mpirun: no slots")
        | .cells[7] |= (.state = "missing" | .bench = null)
        | .cells[3].bench.results[2].verified = false
        | .cells[2].bench.host = "elsewhere"' sweep.json > s.json
    run --separate-stderr report s.json -o r.html --text
    [ "$status" -eq 0 ]
    [[ $output == *"1 of 24 results differ from the serial run"* ]]
    [[ $output == *"failed: 4 x 4: mpirun: no slots"* ]]
    [[ $stderr == *"2 cells failed or are missing"* && $stderr == *"2 machines"* ]]
    words < r.html > words.txt
    grep -q 'Wrong: 1 of 24 results differ' words.txt
    grep -q 'Failed: 4 ranks × 4 threads, static: mpirun: no slots' words.txt
    grep -q 'Missing: 4 ranks × 2 threads' words.txt
    grep -q '2 machines: these records' words.txt
    grep -q 'differs from the serial run: no figures' words.txt
}

# shellcheck disable=SC2016 # programs for jq
@test "why it stops: what limits is named" {
    # say CHANGES WORDS: a sweep that is changed like this says that.
    say() {
        jq "$1" sweep.json > s.json
        report s.json --text > text.txt
        grep -q "$2" text.txt || { cat text.txt; false; }
    }
    say '.cells[].bench.results[].pop.load_balance = 0.4' 'The work is spread unevenly: on average a worker computes 40 %'
    say '.cells[].bench.results[].pop.communication_efficiency = 0.3' 'Exchange and waiting: the busiest worker computes for 30 %'
    say '.cells[].bench.results[].of_memory = 0.93' 'Memory bandwidth: at 16 workers it moves bytes at 93 %'
    say '.baseline.bench |= (.decode_s = 0.5 | .results[].encode_s = 1.5)' 'With files: reading the input (500 ms) and writing the result (1.5 s) are 100 % of the whole job, which is 1.00 times'
    say '.cells |= map(select(.ranks * .threads <= 2))' 'Too few cores to tell: 2 workers is the only number'
    say '.cells[] |= ((.ranks * .threads) as $p | if $p > 2 then .bench.results[].samples_s[] *= $p / 2 else . end)' \
        'A cost that grows with the workers'
    say '.baseline as $b | .cells[] |= ((.ranks * .threads) as $p | .bench.results = ($b.bench.results
        | map(.samples_s[] /= $p)))' 'It has not stopped: at 16 workers'
}

@test "weak scaling: speed in pixels, Gustafson's law" {
    jq --argjson part 0.2 '.weak = true | .cells |= map(select(.ranks == 1)) | .baseline as $b
        | .cells[] |= (.threads as $p | .bench.height *= $p | .bench.results = ($b.bench.results
            | map(.samples_s[] *= $p / ($p - $part * ($p - 1)))))' sweep.json > w.json
    report w.json -o r.html --text > text.txt
    [ "$(grep -c 'Gustafson: serial part 20.00 %' text.txt)" -eq 3 ]
    words < r.html | grep -q 'Weak scaling The image grows with the workers'
}

@test "large records: the page stays below a megabyte and says what it left out" {
    jq '.cells[].bench.results[].samples_s |= [range(4000) as $k | .[$k % length]]' sweep.json > s.json
    [ "$(stat -c %s s.json)" -gt 1000000 ]
    report s.json -o r.html
    [ "$(stat -c %s r.html)" -lt 1000000 ]
    words < r.html | grep -q 'Too large for this page, so it is without time lines, phases, samples'
    # As many chains as a record can have.
    jq '(.cells[], .baseline) |= (.bench.results |= [range(10) as $i | .[] | .chain += "\($i)"])' sweep.json > s.json
    report s.json -o r.html
    [ "$(stat -c %s r.html)" -lt 1000000 ]
}

@test "mistakes are one line and exit 2" {
    # refuse WORDS PATTERN
    refuse() {
        run --separate-stderr report $1
        [ "$status" -eq 2 ] || { echo "$1: $status"; false; }
        [ "${#stderr_lines[@]}" -eq 1 ]
        [[ ${stderr_lines[0]} == *$2* ]] || { echo "$1: ${stderr_lines[0]}"; false; }
    }
    echo '{' > broken.json
    echo '[1]' > list.json
    jq '.schema = "parpix.bench/9"' bench.json > later.json
    jq '.cells = []' sweep.json > empty.json
    jq '.cells[] |= (.state = "failed" | .bench = null | .error = "line one\nline two")' sweep.json > failed.json
    jq '.results = []' bench.json > none.json
    jq '.results[0].samples_s = ["x"]' bench.json > odd.json
    jq '.threads = 1e300' bench.json > many.json
    jq '.width = 501' bench.json > other.json
    refuse "" "report takes records"
    refuse "bench.json" "-o FILE.html, --text, or --baseline"
    refuse "nobody.json --text" "nobody.json"
    refuse "broken.json --text" "broken.json is not JSON"
    refuse "list.json --text" 'has no "schema"'
    refuse "later.json --text" 'schema "parpix.bench/9", which this version does not read'
    refuse "empty.json --text" "empty sweep"
    refuse "failed.json --text" "every cell failed or is missing"
    refuse "none.json --text" "no results"
    refuse "odd.json --text" "lacks its chain, ranks, threads, size or samples"
    refuse "many.json --text" "lacks its chain, ranks, threads, size or samples"
    refuse "bench.json sweep.json --text" "a report is of one kind"
    refuse "bench.json --baseline other.json" "nothing to compare with"
    refuse "bench.json --baseline bench.json --fail-over 5" "is not a percentage like 5%"
    refuse "bench.json --baseline bench.json --fail-over -1%" "is not a percentage like 5%"
    refuse "bench.json --text --fail-over 5%" "needs something to compare with"
    refuse "bench.json -o - --text" "leaves no room"
    refuse "bench.json -o /nowhere/r.html" "/nowhere/r.html"
}

@test "more workers than CPUs are not what is recommended" {
    report sweep.json -o sweep.html
    grep -q 'Fastest: <b>4 ranks × 4 threads' sweep.html
    jq '(.cells[] | select(.ranks * .threads > 4)).oversubscribed = true' sweep.json > crowded.json
    report crowded.json -o crowded.html
    [ "$(grep -o 'Fastest: <b>[^<]*' crowded.html | wc -l)" -eq 3 ]
    run grep -o 'Fastest: <b>\(4 ranks × [24]\|2 ranks × 4\) threads' crowded.html
    [ -z "$output" ]
}
