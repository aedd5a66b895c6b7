// guided.inc.h: the row functions of guided.c for one pixel type. PIXEL, SUM (of samples and their
// squares, and of a and b), REST (a and b in the ring), REAL (what the output is computed in),
// NAME, for integers MOST, UNITS_A and UNITS_B (what 1 is in a and b), and SUM_IS_WHOLE where SUM
// is an integer are defined by who includes it.

typedef struct NAME(lines) {
    SUM *first, *second, *a, *b; // of columns, at pixel 0
    SUM *window[2];
    REST *ring, *nothing; // rows of a with b behind
    ptrdiff_t row, nrows; // of the ring: samples in a row, rows
} NAME(lines);

static NAME(lines) NAME(lines_in)(const ppx_job *job, void *scratch) {
    SUM *at = (SUM *)scratch + left_of(job);
    const ptrdiff_t line = line_of(job), row = row_of(job);
    NAME(lines) lines = {at, at + line, at + 2 * line, at + 3 * line, {0}, NULL, NULL, 0, 0};
    lines.window[0] = (SUM *)scratch + 4 * line;
    lines.window[1] = lines.window[0] + row + 16; // see run_4
    lines.ring = (REST *)(lines.window[1] + row + 16);
    lines.row = row;
    lines.nrows = ring_of(job);
    lines.nothing = lines.ring + 2 * lines.nrows * row;
    return lines;
}

static REST *NAME(ring_row)(const NAME(lines) * lines, ptrdiff_t y) {
    return lines->ring + (y % lines->nrows + lines->nrows) % lines->nrows * 2 * lines->row;
}

// ---- Sums of windows ----

static void NAME(extend)(const ppx_job *job, SUM *line) {
    // A sample of 8 bytes is extended as two of 4. Beyond a constant border the sum is 0.
    int channels = job->in.channels * (int)(sizeof *line / sizeof(uint32_t));
    ppx_row_extend(line, job->in.width, channels, PPX_U32, radius_of(job) + 1, job->geometry.border,
                   0);
}

// The sum of the window one pixel to the left of a line's first.
static inline SUM NAME(start_run)(const SUM *line, ptrdiff_t r, ptrdiff_t step) {
    SUM sum = 0;
    for (ptrdiff_t dx = -r - 1; dx < r; dx++)
        sum += line[dx * step];
    return sum;
}

typedef SUM NAME(four) __attribute__((vector_size(4 * sizeof(SUM))));

#ifdef SUM_IS_WHOLE
// Whole numbers may be added in any order: a prefix sum of four at a time. Rows have room for that.
static void NAME(run_1)(SUM *restrict out, const SUM *restrict line, ptrdiff_t n, ptrdiff_t r) {
    const NAME(four) zero = {0};
    NAME(four) enters, leaves, sum = NAME(start_run)(line, r, 1) - zero;
    for (ptrdiff_t x = 0; x < n; x += 4) {
        memcpy(&enters, line + x + r, sizeof enters);
        memcpy(&leaves, line + x - r - 1, sizeof leaves);
        NAME(four) add = enters - leaves;
        add += __builtin_shufflevector(zero, add, 0, 4, 5, 6);
        add += __builtin_shufflevector(zero, add, 0, 1, 4, 5);
        sum += add;
        memcpy(out + x, &sum, sizeof sum);
        sum = __builtin_shufflevector(sum, sum, 3, 3, 3, 3);
    }
}
#else
static void NAME(run_1)(SUM *restrict out, const SUM *restrict line, ptrdiff_t n, ptrdiff_t r) {
    SUM sum = NAME(start_run)(line, r, 1);
    for (ptrdiff_t x = 0; x < n; x++) {
        sum += line[x + r] - line[x - r - 1];
        out[x] = sum;
    }
}
#endif

static void NAME(run_2)(SUM *restrict out, const SUM *restrict line, ptrdiff_t n, ptrdiff_t r) {
    SUM even = NAME(start_run)(line, r, 2), odd = NAME(start_run)(line + 1, r, 2);
    for (ptrdiff_t x = 0; x < n; x += 2) {
        even += line[x + 2 * r] - line[x - 2 * r - 2];
        odd += line[x + 2 * r + 1] - line[x - 2 * r - 1];
        out[x] = even;
        out[x + 1] = odd;
    }
}

// Three channels are four, of which the next pixel overwrites the last.
static inline void NAME(run_4)(SUM *restrict out, const SUM *restrict line, ptrdiff_t n,
                               ptrdiff_t r, ptrdiff_t step) {
    NAME(four) sum, enters, leaves;
    for (ptrdiff_t c = 0; c < 4; c++)
        sum[c] = NAME(start_run)(line + c, r, step);
    for (ptrdiff_t x = 0; x < n; x += step) {
        memcpy(&enters, line + x + r * step, sizeof enters);
        memcpy(&leaves, line + x - (r + 1) * step, sizeof leaves);
        sum += enters - leaves;
        memcpy(out + x, &sum, sizeof sum);
    }
}

// Of a line of sums of columns.
static void NAME(windows)(const ppx_job *job, SUM *out, SUM *line) {
    const ptrdiff_t step = job->in.channels, n = job->in.width * step, r = radius_of(job);
    NAME(extend)(job, line);
    switch (step) {
    case 1:
        NAME(run_1)(out, line, n, r);
        break;
    case 2:
        NAME(run_2)(out, line, n, r);
        break;
    case 3:
        NAME(run_4)(out, line, n, r, 3);
        break;
    default:
        NAME(run_4)(out, line, n, r, 4);
        break;
    }
}

// ---- a and b ----

static void NAME(start_image)(const NAME(lines) * lines, const void *const *in, ptrdiff_t r,
                              ptrdiff_t n) {
    SUM *restrict first = lines->first, *restrict second = lines->second;
    memset(first, 0, (size_t)n * sizeof *first);
    memset(second, 0, (size_t)n * sizeof *second);
    for (ptrdiff_t dy = -r; dy <= r; dy++) {
        const PIXEL *restrict row = in[dy];
        for (ptrdiff_t x = 0; x < n; x++) {
            SUM v = row[x];
            first[x] += v;
            second[x] += v * v;
        }
    }
}

static void NAME(move_image)(const NAME(lines) * lines, const PIXEL *restrict enters,
                             const PIXEL *restrict leaves, ptrdiff_t n) {
    SUM *restrict first = lines->first, *restrict second = lines->second;
    for (ptrdiff_t x = 0; x < n; x++) {
        SUM v = enters[x], u = leaves[x];
        first[x] += v - u;
        second[x] += v * v - u * u;
    }
}

static void NAME(coefficients)(const ppx_job *job, const NAME(lines) * lines, REST *restrict a,
                               ptrdiff_t n) {
    const guided_table table = *(const guided_table *)job->table;
    REST *restrict b = a + lines->row;
    const SUM *restrict first = lines->window[0], *restrict second = lines->window[1];
    for (ptrdiff_t x = 0; x < n; x++) {
        double mean = (double)first[x] * table.inverse;
        double variance = (double)second[x] * table.inverse - mean * mean;
        variance = variance > 0 ? variance : 0;
        double share = variance / (variance + table.eps);
#ifdef MOST
        int32_t whole = (int32_t)(share * UNITS_A + 0.5);
        a[x] = (REST)whole;
        b[x] = (REST)(int32_t)(mean * (UNITS_A - whole) * ((double)UNITS_B / UNITS_A) + 0.5);
#else
        a[x] = (REST)share;
        b[x] = (REST)(mean * (1 - share));
#endif
    }
}

// Row y of a and b, where the sums of the columns are those of row y.
static void NAME(make_row)(const ppx_job *job, const NAME(lines) * lines, ptrdiff_t y,
                           ptrdiff_t n) {
    NAME(windows)(job, lines->window[0], lines->first);
    NAME(windows)(job, lines->window[1], lines->second);
    NAME(coefficients)(job, lines, NAME(ring_row)(lines, y), n);
}

// ---- The output ----

static const REST *NAME(row_at)(const ppx_job *job, const NAME(lines) * lines, ptrdiff_t y) {
    ptrdiff_t row = row_behind(job, y);
    bool none = row < 0 && job->geometry.border == PPX_CONSTANT;
    return none ? lines->nothing : NAME(ring_row)(lines, row);
}

static void NAME(add_rest)(SUM *restrict sum, const REST *restrict enters, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++)
        sum[x] += (SUM)enters[x];
}

static void NAME(move_rest)(SUM *restrict sum, const REST *restrict enters,
                            const REST *restrict leaves, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++)
        sum[x] += (SUM)enters[x] - (SUM)leaves[x];
}

static void NAME(write_row)(const ppx_job *job, const NAME(lines) * lines, PIXEL *restrict out,
                            const PIXEL *restrict in, ptrdiff_t n) {
    const guided_table *table = job->table;
    const SUM *restrict a = lines->window[0], *restrict b = lines->window[1];
#ifdef MOST
    const REAL of_a = (REAL)(table->inverse / UNITS_A), of_b = (REAL)(table->inverse / UNITS_B);
    for (ptrdiff_t x = 0; x < n; x++) {
        REAL v = (REAL)a[x] * of_a * (REAL)in[x] + (REAL)b[x] * of_b + (REAL)0.5;
        out[x] = (PIXEL)(int32_t)(v < MOST ? v : MOST);
    }
#else
    for (ptrdiff_t x = 0; x < n; x++)
        out[x] = (PIXEL)(a[x] * table->inverse * in[x] + b[x] * table->inverse);
#endif
}

// ---- All rows ----

// Everything that output row y needs, from the window around it.
static void NAME(start)(const ppx_job *job, const NAME(lines) * lines, const void *const *in,
                        ptrdiff_t y, ptrdiff_t n) {
    const ptrdiff_t r = radius_of(job);
    bool moving = false;
    for (ptrdiff_t dy = -r; dy <= r; dy++) {
        if (row_behind(job, y + dy) != y + dy)
            continue;
        if (moving)
            NAME(move_image)(lines, in[dy + r], in[dy - r - 1], n);
        else
            NAME(start_image)(lines, in + dy, r, n);
        moving = true;
        NAME(make_row)(job, lines, y + dy, n);
    }
    memset(lines->nothing, 0, (size_t)(2 * lines->row) * sizeof *lines->nothing);
    memset(lines->a, 0, (size_t)n * sizeof *lines->a);
    memset(lines->b, 0, (size_t)n * sizeof *lines->b);
    for (ptrdiff_t dy = -r; dy <= r; dy++) {
        const REST *row = NAME(row_at)(job, lines, y + dy);
        NAME(add_rest)(lines->a, row, n);
        NAME(add_rest)(lines->b, row + lines->row, n);
    }
}

// From output row y - 1 to y.
static void NAME(step)(const ppx_job *job, const NAME(lines) * lines, const void *const *in,
                       ptrdiff_t y, ptrdiff_t n) {
    const ptrdiff_t r = radius_of(job);
    if (row_behind(job, y + r) == y + r) {
        NAME(move_image)(lines, in[2 * r], in[-1], n);
        NAME(make_row)(job, lines, y + r, n);
    }
    const REST *enters = NAME(row_at)(job, lines, y + r);
    const REST *leaves = NAME(row_at)(job, lines, y - r - 1);
    NAME(move_rest)(lines->a, enters, leaves, n);
    NAME(move_rest)(lines->b, enters + lines->row, leaves + lines->row, n);
}

static void NAME(guided)(const ppx_job *job, const ppx_block *block) {
    const ptrdiff_t n = job->in.width * job->in.channels;
    const NAME(lines) lines = NAME(lines_in)(job, block->scratch);
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        bool start = block->fresh && k == 0;
#ifndef MOST
        start = start || (block->y + k) % PPX_STRIP == 0;
#endif
        if (start)
            NAME(start)(job, &lines, block->in + k, block->y + k, n);
        else
            NAME(step)(job, &lines, block->in + k, block->y + k, n);
        NAME(windows)(job, lines.window[0], lines.a);
        NAME(windows)(job, lines.window[1], lines.b);
        NAME(write_row)(job, &lines, block->out[k], block->in[k], n);
    }
}

#undef PIXEL
#undef MOST
#undef SUM
#undef SUM_IS_WHOLE
#undef REST
#undef UNITS_A
#undef UNITS_B
#undef REAL
#undef NAME
