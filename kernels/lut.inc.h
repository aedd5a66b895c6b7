// lut.inc.h: the row functions of lut.c for one integer type; PIXEL and NAME are defined by who
// includes it, and NAME(look_up) before that: n samples through one column of the table.

static void NAME(look_up_rows)(const ppx_job *job, const ppx_block *block) {
    const NAME(lut_table) *table = job->table;
    const ptrdiff_t n = job->in.width * job->in.channels, step = job->in.channels;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        const PIXEL *restrict in = block->in[k];
        PIXEL *restrict out = block->out[k];
        if (table->ncolumns == 1) {
            NAME(look_up)(out, in, n, table->value[0]);
            continue;
        }
        const PIXEL *red = table->value[0], *green = table->value[1], *blue = table->value[2];
        for (ptrdiff_t x = 0; x < n; x += step) {
            out[x] = red[in[x]];
            out[x + 1] = green[in[x + 1]];
            out[x + 2] = blue[in[x + 2]];
        }
    }
}

#undef PIXEL
#undef NAME
