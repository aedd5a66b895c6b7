// specs.h: one chain or more for every kernel, for the tests that go through all of them. A kernel
// that is not here fails test_equivalence.
#ifndef PPX_TEST_SPECS_H
#define PPX_TEST_SPECS_H

static const char *const test_specs[] = {
    "copy",
    "invert",
    "gray",
    "threshold:t=100",
    "convolve:kernel=sharpen",
    "box:radius=1",
    "box:radius=3",
    "box:radius=40",
    "gaussian:sigma=0.6",
    "gaussian:sigma=1.5",
    "sobel",
    "median:radius=1",
    "median:radius=2",
    "median:radius=5",
    "erode:radius=2",
    "dilate:radius=2",
    "histogram",
    "equalize",
    "otsu",
    "integral",
    "label",
    "diffuse:iterations=3",
};
enum { TEST_NSPECS = sizeof test_specs / sizeof *test_specs };

#endif
