// fuse.c: which maps run as one.
//
// A worker that jumps makes the rows around its strips once more in every stage but the last, so
// halos add up, and are limited to a quarter of the two strips that they reach into. Rows of a
// second input are those of a worker's own output rows: nothing after it may ask for more. The same
// holds for state that is anchored at strips. Rows that lie apart (an interval, a border that
// wraps) can be read from an image only.
#include "fuse.h"

enum { MOST_HALO = PPX_STRIP / 2 };

bool ppx_stages_take(const ppx_stages *stages, const ppx_stage *stage) {
    const ppx_geometry *g = &stage->job.geometry;
    ptrdiff_t halo = g->up + g->down, sum = halo;
    if (stages->n == 0)
        return true;
    if (stages->n == PPX_MAX_STAGES || stage->map->needs)
        return false;
    if (halo == 0)
        return true;
    if (g->border == PPX_WRAP || stage->map->with == PPX_WITH_IMAGE)
        return false;
    for (int s = 0; s < stages->n; s++) {
        const ppx_stage *before = &stages->at[s];
        if (before->map->with != PPX_ALONE || before->job.geometry.anchored)
            return false;
        sum += s ? before->job.geometry.up + before->job.geometry.down : 0;
    }
    return sum <= MOST_HALO;
}
