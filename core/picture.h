// picture.h: any image as one that can be looked at.
#ifndef PPX_PICTURE_H
#define PPX_PICTURE_H

#include "parpix.h"

// Labels get colours, always the same for the same label, and 0 is black. Levels of u16 become
// those of u8; u32 and f32 are stretched.
typedef enum ppx_picture_kind { PPX_PICTURE_LEVELS, PPX_PICTURE_LABELS } ppx_picture_kind;

// The least and the largest finite sample (0 and 1 where there is none); alpha is left out.
void ppx_picture_range(const ppx_image *image, double range[2]);

// Gray or RGB of u8, without alpha. `range` is what black and white are for u32 and f32: NaN is
// black. Labels: u32 of one channel. Cost: one read and one write.
ppx_status ppx_picture_make(const ppx_image *image, ppx_picture_kind kind, const double range[2],
                            ppx_image *picture, ppx_error *error);

#endif
