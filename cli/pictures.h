// pictures.h: what came out of a chain, small enough to look at, for JSON.
#ifndef PARPIX_PICTURES_H
#define PARPIX_PICTURES_H

#include <jansson.h>

#include "../core/parpix.h"

// No side is longer; all pictures of a record together take at most so many bytes of JSON.
enum { PICTURE_SIDE = 512, PICTURES_NBYTES = 500000 };

// Adds {"chain", "width", "height", "equal", "serial_png", "parallel_png"} to an array. The two
// images have one shape and are not changed. They are reduced until both take at most `room` bytes.
ppx_status picture_add(json_t *pictures, const ppx_chain *chain, const ppx_image *serial,
                       const ppx_image *parallel, bool equal, size_t room, ppx_error *error);

#endif
