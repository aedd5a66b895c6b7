// pool.c: a lesson of ranks alone, by its name: mpi/lessons/pool_mpi.c.
#include "../../core/lesson.h"

const ppx_lesson ppx_lesson_pool = {
    .name = "pool",
    .says =
        "Ranks filter a set of pictures of very unequal size, the large ones late. Dealt out in "
        "advance, one rank works while the others have long ended. A common counter from "
        "which each takes the next chunk cuts this tail, the more the smaller the chunk; the "
        "largest first cuts what is left.",
    .lines = "mpi/lessons/pool_mpi.c: dealt_out, from_counter",
    .least_pixels = 256 * 256,
    .ranks = true,
};
