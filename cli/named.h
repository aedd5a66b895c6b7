// named.h: the files that a chain's parameters name, for all ranks: rank 0 reads. The context is
// the world.
#ifndef PARPIX_NAMED_H
#define PARPIX_NAMED_H

#include "world.h"

// A path that stands for an image which fits, full of what breaks kernels: so that `verify` can run
// examples with two inputs.
#define NAMED_AWKWARD "@awkward"

ppx_status named_text(void *context, char **text, const char *path, ppx_error *error);
ppx_status named_image(void *context, const char *path, ppx_shape wanted, bool whole,
                       ppx_band *band, ppx_error *error);

#endif
