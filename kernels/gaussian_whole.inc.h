// gaussian_whole.inc.h: the row function that makes a blurred image, for gaussian.c and who else
// needs one. plan_of is defined by who includes it, after blur.h; job->table is a ppx_blur_table.
static void gaussian_rows(const ppx_job *job, const ppx_block *block) {
    ppx_blur_plan plan = plan_of(job);
    ppx_blur b = ppx_blur_of(job, &plan, job->table, block, block->scratch);
    ppx_blur_begin(&b);
    for (ptrdiff_t k = 0; k < block->nrows; k++)
        ppx_blur_pixels(&b, k, block->out[k]);
}
