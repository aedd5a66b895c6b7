// label.inc.h: rows to bits for one pixel type; PIXEL and NAME are defined by who includes it.

static inline uint64_t NAME(pack)(const PIXEL *pixels, ptrdiff_t n) {
    uint8_t bytes[64] = {0};
    for (ptrdiff_t k = 0; k < n; k++)
        bytes[k] = pixels[k] != 0;
    return bits_of_64(bytes);
}

// Packs a row, and returns how many runs begin in it.
static size_t NAME(pack_row)(const PIXEL *pixels, ptrdiff_t width, uint64_t *bits) {
    size_t nruns = 0;
    uint64_t carry = 0;
    for (ptrdiff_t x = 0; x < width; x += 64) {
        uint64_t word;
        if (width - x < 64)
            word = NAME(pack)(pixels + x, width - x);
        else if (sizeof(PIXEL) == 1)
            word = bits_of_64((const uint8_t *)(pixels + x));
        else
            word = NAME(pack)(pixels + x, 64);
        nruns += count(word & ~(word << 1 | carry));
        carry = word >> 63;
        *bits++ = word;
    }
    return nruns;
}

static ppx_status find_components(const ppx_job *job, ppx_piece *piece, ppx_error *error);

static ppx_status NAME(local)(const ppx_job *job, const ppx_image *rows, ppx_piece *piece,
                              ppx_error *error) {
    const size_t nrows = (size_t)piece->nrows;
    ppx_status status = ppx_pool_reserve(
        &piece->a, (nrows + 1) * sizeof(size_t) + nrows * row_words(job) * sizeof(uint64_t), error);
    if (status)
        return status;
    size_t *first = first_runs(piece);
    first[0] = 0;
    for (ptrdiff_t row = 0; row < piece->nrows; row++)
        first[row + 1] = first[row] + NAME(pack_row)(ppx_image_row(rows, row), job->in.width,
                                                     row_bits(job, piece, row));
    return find_components(job, piece, error);
}

#undef PIXEL
#undef NAME
