// similarity.h: the structural similarity of two images, for `parpix compare`.
#ifndef PARPIX_SIMILARITY_H
#define PARPIX_SIMILARITY_H

#include "../core/parpix.h"

// Runs the kernel ssim over two images of one shape on all threads: *mean of the map, and the map
// itself (f32, of the caller's).
ppx_status similarity(const ppx_image *a, const ppx_image *b, double *mean, ppx_image *map,
                      ppx_error *error);

#endif
