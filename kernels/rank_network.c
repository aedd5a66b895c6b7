// rank_network.c: rank filters of small windows as networks of minima and maxima, which know
// nothing of the samples and so run on whole vectors.
//
// A network (rank_network_make.c) makes a tile of up to 4 x 4 outputs from the samples around it;
// lanes of vectors are tiles side by side. It is a list of operations on slots of 64 bytes, the
// same for each chunk of tiles along a row. What lies to the right of a tile belongs to tiles of
// higher lanes: such values are computed ahead of the outputs and read with a delay, for which
// their slots remember the end of the chunk before. Cost: minima and maxima a sample (of a vector
// of samples), about 135 for 7x7, 570 for 15x15; they grow a little faster than k.
#include "rank_network.h"

#include <string.h>

#define PIXEL uint8_t
#define NAME(function) function##_u8
#define FINISH(v) (v)
#include "rank_network.inc.h"

#define PIXEL uint16_t
#define NAME(function) function##_u16
#define FINISH(v) (v)
#include "rank_network.inc.h"

#define PIXEL float
#define NAME(function) function##_f32
#define FINISH(v) ((v) + 0.0f)
#include "rank_network.inc.h"

size_t ppx_network_nbytes(void) {
    return sizeof(ppx_network) + ppx_network_make_nbytes();
}

void ppx_network_build(const ppx_job *job, const ppx_rank *r) {
    ppx_network *network = job->table;
    network->tile_x = r->radius < 4 ? 2 : 4;
    network->tile_y = r->radius < 6 ? 2 : 4;
    ppx_network_make(network, r, job->in.type, network + 1);
}

size_t ppx_network_scratch(const ppx_job *job) {
    return PPX_NETWORK_SLOTS * ppx_type_nbytes(job->in.type);
}

void ppx_network_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block) {
    if (job->in.type == PPX_U8)
        network_rows_u8(job, r, block);
    else if (job->in.type == PPX_U16)
        network_rows_u16(job, r, block);
    else
        network_rows_f32(job, r, block);
}
