// fuse.h: which maps run as one.
#ifndef PPX_FUSE_H
#define PPX_FUSE_H

#include "runner.h"

// True if the stage can follow those: then they read the image once and write it once.
bool ppx_stages_take(const ppx_stages *stages, const ppx_stage *stage);

#endif
