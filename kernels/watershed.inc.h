// watershed.inc.h: rows of heights and of labels to flood from, for one pixel type; PIXEL, HEIGHT
// and NAME are defined by who includes it.

// What is not a number is not above any floor.
static inline bool NAME(is_above)(const ppx_job *job, PIXEL value) {
    return (double)value >= (job->values[FLOOR].given ? job->values[FLOOR].d : -INFINITY);
}

// Whether nothing is a dam.
static inline bool NAME(is_open)(const ppx_job *job) {
    return !job->values[FLOOR].given && (PIXEL)0.5 == 0;
}

static void NAME(heights)(const ppx_job *job, const void *row, int32_t *heights) {
    const PIXEL *in = row;
    const int32_t turn = turning(job);
    for (ptrdiff_t x = 0; x < job->first.width; x++)
        heights[x] = HEIGHT(in[x]) ^ turn;
    for (ptrdiff_t x = 0; !NAME(is_open)(job) && x < job->first.width; x++)
        heights[x] = NAME(is_above)(job, in[x]) ? heights[x] : TOP;
}

static void NAME(seeds)(const ppx_job *job, const void *row, const void *markers, int32_t *labels) {
    const PIXEL *in = row;
    const ppx_type type = job->second ? job->second->rows.shape.type : PPX_U8;
    seeds_of(markers, type, job->first.width, labels);
    for (ptrdiff_t x = 0; !NAME(is_open)(job) && x < job->first.width; x++)
        labels[x] = NAME(is_above)(job, in[x]) ? labels[x] : DAM;
}

static ppx_status NAME(levels_rest)(const ppx_job *job, ppx_piece *piece, const ppx_region *region,
                                    ppx_error *error) {
    const terrain t = {job, &region->in, &region->with, NAME(heights), NAME(seeds)};
    return levels_rest(&t, piece, region, error);
}

#undef PIXEL
#undef HEIGHT
#undef NAME
