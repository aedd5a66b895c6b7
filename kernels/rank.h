// rank.h: what the rank filters share: the sample of a given rank among those of a square window.
//
// A kernel that offers them asks for the geometry, the table and the rows of a `ppx_rank`, and adds
// its parameters. Which method makes the rows follows from the type and the radius; all are exact.
//   small windows   a network of minima and maxima for a tile of outputs (rank_network.c)
//   to 15 x 15, u8  histograms of columns, in bytes (rank_bytes.c)
//   larger, u8      histograms of columns (rank_columns.c)
//   large, u8       counts of the samples below one value (rank_counts.c)
//   larger, others  histograms over buckets of ordered samples (rank_places.c)
// The functions carry the instruction-set level in their names, as kernels do.
#ifndef PPX_RANK_H
#define PPX_RANK_H

#include "../core/kernel.h"

typedef struct ppx_rank {
    ptrdiff_t radius;
    ptrdiff_t k;    // 2 radius + 1
    ptrdiff_t rank; // 0 for the least of the k * k samples, k * k - 1 for the greatest
    ppx_border border;
} ppx_rank;

enum { PPX_RANK_RADIUS = 50, PPX_RANK_WINDOW = 2 * PPX_RANK_RADIUS + 1 };

#define ppx_rank_geometry PPX_PASTE(ppx_rank_, geometry, PPX_LEVEL)
#define ppx_rank_table_nbytes PPX_PASTE(ppx_rank_, table_nbytes, PPX_LEVEL)
#define ppx_rank_build PPX_PASTE(ppx_rank_, build, PPX_LEVEL)
#define ppx_rank_rows PPX_PASTE(ppx_rank_, rows, PPX_LEVEL)
void ppx_rank_geometry(const ppx_job *job, const ppx_rank *r, ppx_geometry *g);
size_t ppx_rank_table_nbytes(const ppx_job *job, const ppx_rank *r);
void ppx_rank_build(const ppx_job *job, const ppx_rank *r);
void ppx_rank_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block);

// ---- The methods ----

#define ppx_network_nbytes PPX_PASTE(ppx_network_, nbytes, PPX_LEVEL)
#define ppx_network_build PPX_PASTE(ppx_network_, build, PPX_LEVEL)
#define ppx_network_scratch PPX_PASTE(ppx_network_, scratch, PPX_LEVEL)
#define ppx_network_rows PPX_PASTE(ppx_network_, rows, PPX_LEVEL)
size_t ppx_network_nbytes(void); // of the table
void ppx_network_build(const ppx_job *job, const ppx_rank *r);
size_t ppx_network_scratch(const ppx_job *job);
void ppx_network_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block);

#define ppx_counts_scratch PPX_PASTE(ppx_counts_, scratch, PPX_LEVEL)
#define ppx_counts_rows PPX_PASTE(ppx_counts_, rows, PPX_LEVEL)
size_t ppx_counts_scratch(const ppx_rank *r);
void ppx_counts_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block);

#define ppx_bytes_scratch PPX_PASTE(ppx_bytes_, scratch, PPX_LEVEL)
#define ppx_bytes_rows PPX_PASTE(ppx_bytes_, rows, PPX_LEVEL)
size_t ppx_bytes_scratch(void);
void ppx_bytes_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block);

#define ppx_columns_scratch PPX_PASTE(ppx_columns_, scratch, PPX_LEVEL)
#define ppx_columns_rows PPX_PASTE(ppx_columns_, rows, PPX_LEVEL)
#define ppx_columns_part PPX_PASTE(ppx_columns_, part, PPX_LEVEL)
size_t ppx_columns_scratch(void);
// Columns [from, from + width) of channel c.
void ppx_columns_part(const ppx_job *job, const ppx_rank *r, const ppx_block *block, int c,
                      ptrdiff_t from, ptrdiff_t width);
void ppx_columns_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block);

#define ppx_places_scratch PPX_PASTE(ppx_places_, scratch, PPX_LEVEL)
#define ppx_places_rows PPX_PASTE(ppx_places_, rows, PPX_LEVEL)
size_t ppx_places_scratch(void);
void ppx_places_rows(const ppx_job *job, const ppx_rank *r, const ppx_block *block);

static inline ptrdiff_t ppx_rank_least(ptrdiff_t a, ptrdiff_t b) {
    return a < b ? a : b;
}

#endif
