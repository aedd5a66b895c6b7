// morphology.inc.h: the row functions of morphology.c for one pixel type and one of min and max;
// PIXEL, NAME, NEUTRAL, PICK(a, b) and FINISH(v) are defined by who includes it.

static void NAME(join)(PIXEL *restrict to, const PIXEL *restrict a, const PIXEL *restrict b,
                       ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++)
        to[x] = PICK(a[x], b[x]);
}

static void NAME(join_into)(PIXEL *restrict to, const PIXEL *restrict a, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++)
        to[x] = PICK(to[x], a[x]);
}

// to[x] = PICK over nrows rows, from sample x0 of each on.
static void NAME(rows)(PIXEL *restrict to, const void *const *in, ptrdiff_t nrows, ptrdiff_t x0,
                       ptrdiff_t n) {
    memcpy(to, (const PIXEL *)in[0] + x0, (size_t)n * sizeof(PIXEL));
    ptrdiff_t k = 1;
    for (; k + 4 <= nrows; k += 4) {
        const PIXEL *a = (const PIXEL *)in[k] + x0, *b = (const PIXEL *)in[k + 1] + x0;
        const PIXEL *c = (const PIXEL *)in[k + 2] + x0, *d = (const PIXEL *)in[k + 3] + x0;
        for (ptrdiff_t x = 0; x < n; x++) {
            PIXEL ab = PICK(a[x], b[x]), cd = PICK(c[x], d[x]), all = PICK(ab, cd);
            to[x] = PICK(to[x], all);
        }
    }
    for (; k < nrows; k++)
        NAME(join_into)(to, (const PIXEL *)in[k] + x0, n);
}

// The shortest windows, in one pass over their rows.
static void NAME(rows3)(PIXEL *restrict to, const void *const *in, ptrdiff_t x0, ptrdiff_t n) {
    const PIXEL *a = (const PIXEL *)in[0] + x0, *b = (const PIXEL *)in[1] + x0;
    const PIXEL *c = (const PIXEL *)in[2] + x0;
    for (ptrdiff_t x = 0; x < n; x++) {
        PIXEL ab = PICK(a[x], b[x]);
        to[x] = PICK(ab, c[x]);
    }
}

static void NAME(rows5)(PIXEL *restrict to, const void *const *in, ptrdiff_t x0, ptrdiff_t n) {
    const PIXEL *a = (const PIXEL *)in[0] + x0, *b = (const PIXEL *)in[1] + x0;
    const PIXEL *c = (const PIXEL *)in[2] + x0, *d = (const PIXEL *)in[3] + x0;
    const PIXEL *e = (const PIXEL *)in[4] + x0;
    for (ptrdiff_t x = 0; x < n; x++) {
        PIXEL ab = PICK(a[x], b[x]), cd = PICK(c[x], d[x]), all = PICK(ab, cd);
        to[x] = PICK(all, e[x]);
    }
}

// One more row into the prefix, and the window that prefix and suffix make.
static void NAME(advance)(PIXEL *restrict to, PIXEL *restrict prefix, const PIXEL *restrict row,
                          const PIXEL *restrict suffix, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < n; x++) {
        PIXEL p = PICK(prefix[x], row[x]);
        prefix[x] = p;
        to[x] = PICK(suffix[x], p);
    }
}

// to[x] = PICK over from[x], from[x + s], ... in `count` (2 to 4) places, the last at `last`.
static void NAME(places)(PIXEL *restrict to, const PIXEL *restrict from, ptrdiff_t n, int count,
                         ptrdiff_t s, ptrdiff_t last) {
    const PIXEL *b = from + s, *c = from + 2 * s, *end = from + last;
    if (count == 2) {
        for (ptrdiff_t x = 0; x < n; x++)
            to[x] = FINISH(PICK(from[x], end[x]));
    } else if (count == 3) {
        for (ptrdiff_t x = 0; x < n; x++) {
            PIXEL ab = PICK(from[x], b[x]);
            to[x] = FINISH(PICK(ab, end[x]));
        }
    } else {
        for (ptrdiff_t x = 0; x < n; x++) {
            PIXEL ab = PICK(from[x], b[x]), cd = PICK(c[x], end[x]);
            to[x] = FINISH(PICK(ab, cd));
        }
    }
}

// The horizontal window of a line whose first sample is `halo` to the left of the output's: each
// pass multiplies the length of the window by up to four.
static void NAME(horizontal)(const plan *p, PIXEL *restrict out, ptrdiff_t n, const PIXEL *line,
                             PIXEL *const spare[2]) {
    ptrdiff_t length = 1, readable = n + 2 * p->halo;
    if (p->kx == 1) {
        for (ptrdiff_t x = 0; x < n; x++)
            out[x] = FINISH(line[x]);
        return;
    }
    for (int turn = 0;; turn = !turn) {
        ptrdiff_t factor = (p->kx + length - 1) / length, room = 4, s = length * p->channels;
        if (factor <= 4) {
            NAME(places)(out, line, n, (int)factor, s, (p->kx - length) * p->channels);
            return;
        }
        while (room * 4 < factor)
            room *= 4;
        factor = (factor + room - 1) / room;
        readable -= (factor - 1) * s;
        NAME(places)(spare[turn], line, readable, (int)factor, s, (factor - 1) * s);
        line = spare[turn];
        length *= factor;
    }
}

// One tile of the block: output samples [x0, x1). `core` is NULL, or PICK over the input rows that
// all windows of the block have in common, for the whole width.
static void NAME(tile)(const plan *p, const ppx_block *block, ptrdiff_t x0, ptrdiff_t x1,
                       const PIXEL *core) {
    PIXEL *scratch = block->scratch;
    PIXEL *line = scratch, *spare[2] = {line + p->span, line + 2 * p->span};
    PIXEL *prefix = line + 3 * p->span, *suffix = line + 4 * p->span;
    const ptrdiff_t from = x0 > p->halo ? x0 - p->halo : 0;
    const ptrdiff_t to = p->n - x1 > p->halo ? x1 + p->halo : p->n, n = to - from;
    PIXEL *middle = line + (from - (x0 - p->halo));
    for (PIXEL *x = line; x < middle; x++)
        *x = NEUTRAL;
    for (ptrdiff_t x = to; x < x1 + p->halo; x++)
        middle[x - from] = NEUTRAL;
    const ptrdiff_t nruns = (block->nrows + p->ky - 1) / p->ky;
    const ptrdiff_t run = (block->nrows + nruns - 1) / nruns;
    for (ptrdiff_t i = 0; i < block->nrows; i++) {
        const void *const *in = block->in + i - p->ry;
        if (p->ky == 3) {
            NAME(rows3)(middle, in, from, n);
        } else if (p->ky == 5) {
            NAME(rows5)(middle, in, from, n);
        } else if (i % run == 0) {
            // A run of output rows begins: the suffixes of what its windows leave behind.
            ptrdiff_t last = (i + run < block->nrows ? run : block->nrows - i) - 1;
            if (core)
                memcpy(suffix + last * p->span, core + from, (size_t)n * sizeof(PIXEL));
            else
                NAME(rows)(suffix + last * p->span, in + last, p->ky - last, from, n);
            for (ptrdiff_t k = last - 1; k >= 0; k--) {
                PIXEL *at = suffix + k * p->span;
                NAME(join)(at, at + p->span, (const PIXEL *)in[k] + from, n);
            }
            memcpy(middle, suffix, (size_t)n * sizeof(PIXEL));
            for (ptrdiff_t x = 0; x < n; x++)
                prefix[x] = NEUTRAL;
        } else {
            const PIXEL *row = (const PIXEL *)in[p->ky - 1] + from;
            NAME(advance)(middle, prefix, row, suffix + i % run * p->span, n);
        }
        NAME(horizontal)(p, (PIXEL *)block->out[i] + x0, x1 - x0, line, spare);
    }
}

// The rows that all windows of a full block have in common, when they are many: they are kept in
// groups of PPX_STRIP rows, of which a block that continues the last one needs one new one.
static const PIXEL *NAME(core)(const plan *p, const ppx_block *block) {
    core_state *state = (core_state *)((PIXEL *)block->scratch + p->core_at);
    PIXEL *core = (PIXEL *)(state + 1), *groups = core + p->pitch;
    const void *const *in = block->in + PPX_STRIP - 1 - p->ry;
    const ptrdiff_t ncommon = p->ky - PPX_STRIP + 1;
    const bool goes_on = !block->fresh && state->made_for == block->y - PPX_STRIP;
    state->first = goes_on ? (state->first + 1) % p->ngroups : 0;
    for (ptrdiff_t g = goes_on ? p->ngroups - 1 : 0; g < p->ngroups; g++) {
        PIXEL *group = groups + (state->first + g) % p->ngroups * p->pitch;
        NAME(rows)(group, in + g * PPX_STRIP, PPX_STRIP, 0, p->n);
    }
    const ptrdiff_t nrest = ncommon - p->ngroups * PPX_STRIP;
    memcpy(core, groups, (size_t)p->n * sizeof(PIXEL));
    for (ptrdiff_t g = 1; g < p->ngroups; g++)
        NAME(join_into)(core, groups + g * p->pitch, p->n);
    for (ptrdiff_t k = ncommon - nrest; k < ncommon; k++)
        NAME(join_into)(core, in[k], p->n);
    state->made_for = block->y;
    return core;
}

static void NAME(block)(const ppx_job *job, const ppx_block *block) {
    const plan p = make_plan(job);
    const bool high = p.ngroups && block->nrows == PPX_STRIP;
    const PIXEL *core = high ? NAME(core)(&p, block) : NULL;
    for (ptrdiff_t x = 0; x < p.n; x += p.tile)
        NAME(tile)(&p, block, x, x + p.tile < p.n ? x + p.tile : p.n, core);
}

#undef PIXEL
#undef NAME
#undef NEUTRAL

#undef FINISH
