// distance_rows.inc.h: the search of distance_rows.h in one metric. Who includes it defines NAME,
// SITE(g) and COST(d) of distances along a column and along the row, and JOIN of the two.

// ---- Looking at all columns near by -------------------------------------------------------------

static inline uint16_t NAME(lane)(uint16_t g) {
    const uint16_t few = (uint16_t)(g < ROOT_MOST ? g : ROOT_MOST);
    return (uint16_t)SITE(few);
}

// Lanes of the pixels of a block, from the columns near by; true if none can be nearer.
static inline bool NAME(look_near)(const uint16_t *restrict lanes, ptrdiff_t npixels,
                                   uint16_t *restrict out) {
    for (int k = 0; k < BLOCK; k++)
        out[k] = lanes[k];
    for (ptrdiff_t k = npixels; k < BLOCK; k++)
        out[k] = 0; // pixels beyond the row shall not keep the others waiting
    for (int d = 1; d <= NEAR; d++) {
        const uint16_t cost = (uint16_t)COST(d);
        if (d % 2 == 1 && most_lane(out) <= cost)
            return true;
        for (int k = 0; k < BLOCK; k++) {
            uint16_t left = lanes[k - d], right = lanes[k + d];
            uint16_t near = left < right ? left : right;
            uint16_t sum = (uint16_t)JOIN(near, cost);
            out[k] = sum < out[k] ? sum : out[k];
        }
    }
    return most_lane(out) <= COST(NEAR + 1);
}

// ---- Looking between the best columns of others -------------------------------------------------

// One bit for each column of a chunk whose distance is that value.
static inline uint32_t NAME(columns_at)(const uint32_t *sites, const uint32_t *costs,
                                        uint32_t value) {
    uint32_t bits = 0;
    for (int k = 0; k < CHUNK; k += WORDS) {
        words sum = JOINS(words_load(sites + k), words_load(costs + k));
        bits |= words_equal(sum, words_all(value)) << k;
    }
    return bits;
}

// The least distance of a pixel from the columns [from, to] (and maybe some to the right of them),
// the first column that has it, and the last where that is asked for.
static inline uint32_t NAME(best_columns)(const uint32_t *sites, const uint32_t *costs,
                                          ptrdiff_t from, ptrdiff_t to, uint32_t *first,
                                          uint32_t *last) {
    ptrdiff_t first_chunk = from, last_chunk = from;
    uint32_t value = UINT32_MAX;
    for (ptrdiff_t i = from; i <= to; i += CHUNK) {
        words chunk = words_all(UINT32_MAX);
        for (int k = 0; k < CHUNK; k += WORDS)
            chunk = words_min(chunk, JOINS(words_load(sites + i + k), words_load(costs + i + k)));
        const uint32_t least_here = words_least(chunk);
        first_chunk = least_here < value ? i : first_chunk;
        last_chunk = least_here <= value ? i : last_chunk;
        value = least_here < value ? least_here : value;
    }
    uint32_t bits = NAME(columns_at)(sites + first_chunk, costs + first_chunk, value);
    *first = (uint32_t)(first_chunk + __builtin_ctz(bits));
    if (last) {
        bits = NAME(columns_at)(sites + last_chunk, costs + last_chunk, value);
        *last = (uint32_t)(last_chunk + 31 - __builtin_clz(bits));
    }
    return value;
}

// The same without an interval to begin with: ever further around pixel x.
static inline void NAME(best_around)(const uint32_t *sites, const uint32_t *costs, ptrdiff_t x,
                                     ptrdiff_t width, uint32_t *first, uint32_t *last) {
    for (ptrdiff_t reach = CHUNK;; reach *= 4) {
        ptrdiff_t from = most(0, x - reach), to = least(width - 1, x + reach);
        uint32_t value = NAME(best_columns)(sites, costs - x, from, to, first, last);
        if ((from == 0 && to == width - 1) || value <= costs[least(reach, width - 1)])
            return;
    }
}

// The best columns of pixels a, a + LEAP, ... and of b - 1, to s->first and, where all are wanted
// that are equally near, to s->last. Returns how many come before that of b - 1; 0 where there is
// no background.
static inline ptrdiff_t NAME(search)(const distance_scratch *s, const uint32_t *costs, ptrdiff_t a,
                                     ptrdiff_t b, ptrdiff_t width, bool all) {
    uint32_t *first = s->first, *last = all ? s->last : s->first;
    const ptrdiff_t n = (b - 1 - a) / LEAP + 1;
    NAME(best_around)(s->sites, costs, a, width, &first[0], all ? &last[0] : NULL);
    if (s->column[first[0]] == FAR)
        return 0;
    NAME(best_around)(s->sites, costs, b - 1, width, &first[n], all ? &last[n] : NULL);
    ptrdiff_t stride = 1;
    while (2 * stride < n)
        stride *= 2;
    for (; stride > 0; stride /= 2)
        for (ptrdiff_t j = stride; j < n; j += 2 * stride) {
            const ptrdiff_t x = a + j * LEAP, reach = s->column[x] == FAR ? width : s->column[x];
            ptrdiff_t from = most(first[j - stride], x - reach);
            ptrdiff_t to = least(last[least(j + stride, n)], x + reach);
            (void)NAME(best_columns)(s->sites, costs - x, from, to, &first[j],
                                     all ? &last[j] : NULL);
        }
    return n;
}

// The distances of LEAP pixels from the columns [from, to].
static inline void NAME(look_between)(const uint32_t *sites, const uint32_t *costs, ptrdiff_t x,
                                      ptrdiff_t from, ptrdiff_t to, words best[LEAP / WORDS]) {
    for (int k = 0; k < LEAP / WORDS; k++)
        best[k] = words_all(UINT32_MAX);
    for (ptrdiff_t i = from; i <= to; i++) {
        const words site = words_all(sites[i]);
        for (int k = 0; k < LEAP / WORDS; k++)
            best[k] = words_min(best[k], JOINS(site, words_load(costs + x - i + k * WORDS)));
    }
}

// Pixels [a, b) of a row whose sites are filled in, to out[0...], which has room for LEAP more.
static inline void NAME(look_far)(const distance_scratch *s, const uint32_t *costs, ptrdiff_t a,
                                  ptrdiff_t b, ptrdiff_t width, uint32_t *out) {
    const ptrdiff_t n = NAME(search)(s, costs, a, b, width, false);
    for (ptrdiff_t j = 0; j < n; j++) {
        const ptrdiff_t x = a + j * LEAP;
        words best[LEAP / WORDS];
        NAME(look_between)(s->sites, costs, x, s->first[j], s->first[j + 1], best);
        memcpy(out + j * LEAP, best, sizeof best); // up to LEAP - 1 beyond the last
    }
    for (ptrdiff_t x = n ? b : a; x < b; x++)
        out[x - a] = UINT32_MAX;
}

static void NAME(fill_sites)(const distance_scratch *s, ptrdiff_t width, uint32_t none) {
    for (ptrdiff_t x = 0; x < width; x++) {
        const uint32_t g = s->column[x];
        s->sites[x] = g == FAR ? none : SITE(g);
    }
}

// ---- Rows ---------------------------------------------------------------------------------------

static void NAME(step_row)(const distance_scratch *s, const uint16_t *restrict down,
                           ptrdiff_t width) {
    uint16_t *restrict up = s->up, *restrict column = s->column, *restrict lanes = s->lanes;
    for (ptrdiff_t x = 0; x < width; x++) {
        uint16_t next = step_up(up[x], down[x]);
        up[x] = next;
        next = next < down[x] ? next : down[x];
        column[x] = next;
        lanes[x] = NAME(lane)(next);
    }
}

// A row of distances, given what is along its columns. A block that is not done with near columns
// waits for others beside it: what lies far is searched for in all of them at once.
static inline void NAME(distance_row)(const ppx_job *job, const distance_scratch *s, bool roots,
                                      void *out) {
    const ptrdiff_t width = job->in.width;
    ptrdiff_t waiting = 0; // blocks
    bool filled = false;
    for (ptrdiff_t x = 0; x < width; x += BLOCK) {
        const ptrdiff_t npixels = least(BLOCK, width - x);
        uint16_t near[BLOCK];
        const bool done = NAME(look_near)(s->lanes + x, npixels, near);
        if (!done && !filled)
            NAME(fill_sites)(s, width, none_of(job));
        filled |= !done;
        waiting += !done;
        const ptrdiff_t a = x - (waiting - !done) * BLOCK, b = done ? x : width;
        if (waiting && (done || x + BLOCK >= width)) {
            NAME(look_far)(s, costs_at(job), a, b, width, s->index);
            write_far(s->index, a, b, roots, out);
            waiting = 0;
        }
        if (done)
            write_near(near, x, npixels, roots, out);
    }
}

static void NAME(sweep_up)(const ppx_job *job, const void *const *rows, ptrdiff_t y,
                           ptrdiff_t nrows, uint32_t *carry, void *const *out, void *scratch) {
    const ptrdiff_t width = job->in.width;
    const distance_scratch s = scratch_at(scratch, width);
    const bool roots = job->geometry.out.type == PPX_F32;
    begin_up(job, carry, y + nrows, s.up);
    begin_rows(job, &s);
    for (ptrdiff_t k = nrows - 1; k >= 0; k--) {
        NAME(step_row)(&s, rows[k], width);
        NAME(distance_row)(job, &s, roots, out[k]);
    }
    end_up(job, s.up, y, carry);
}
