// list.c: every kernel, in the order of `parpix list`. Compiled once for each instruction-set
// level.
#include "../core/registry.h"

// clang-format off
#define LIST(X) \
    X(copy) \
    X(invert) \
    X(gray) \
    X(threshold) \
    X(lut) \
    X(gamma) \
    X(levels) \
    X(hsv) \
    X(lab) \
    X(blend) \
    X(diff) \
    X(flip) \
    X(transpose) \
    X(resize) \
    X(rotate) \
    X(affine) \
    X(pyramid) \
    X(wavelet) \
    X(convolve) \
    X(box) \
    X(gaussian) \
    X(unsharp) \
    X(dog) \
    X(log) \
    X(sobel) \
    X(scharr) \
    X(laplacian) \
    X(canny) \
    X(harris) \
    X(lbp) \
    X(peaks) \
    X(hough_lines) \
    X(hough_circles) \
    X(ssim) \
    X(median) \
    X(percentile) \
    X(adaptive_median) \
    X(erode) \
    X(dilate) \
    X(open) \
    X(close) \
    X(gradient_m) \
    X(tophat) \
    X(blackhat) \
    X(reconstruct) \
    X(extrema) \
    X(thin) \
    X(histogram) \
    X(equalize) \
    X(clahe) \
    X(otsu) \
    X(glcm) \
    X(kmeans) \
    X(slic) \
    X(adaptive) \
    X(sauvola) \
    X(integral) \
    X(fft) \
    X(ifft) \
    X(spectrum) \
    X(bandpass) \
    X(phase_correlate) \
    X(match) \
    X(label) \
    X(regions) \
    X(fill_holes) \
    X(clear_border) \
    X(area_open) \
    X(distance) \
    X(nearest) \
    X(watershed) \
    X(diffuse) \
    X(bilateral) \
    X(nlm) \
    X(guided) \
    X(dither)
// clang-format on

#define DECLARE(name) extern const ppx_kernel PPX_KERNEL(name);
#define POINTER(name) &PPX_KERNEL(name),

LIST(DECLARE)

static const ppx_kernel *const kernels[] = {LIST(POINTER)};

#define PPX_LEVEL_NAME PPX_PASTE(ppx_, level, PPX_LEVEL) // ppx_level_avx2
#define TEXT_OF(word) #word
#define TEXT(word) TEXT_OF(word)

extern const ppx_level PPX_LEVEL_NAME;
const ppx_level PPX_LEVEL_NAME = {TEXT(PPX_LEVEL), kernels, sizeof kernels / sizeof *kernels};
