// support.h: what test programs share. Includes cmocka in the order that it demands.
#ifndef PPX_TEST_SUPPORT_H
#define PPX_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../core/parpix.h"

// Counter-based random numbers (splitmix64, Steele, Lea and Flood 2014): the same for every run.
uint64_t test_random(uint64_t seed, uint64_t counter);

ppx_shape test_shape(ptrdiff_t width, ptrdiff_t height, int channels, ppx_type type);

// Images of a kind that break things: uniform noise over the whole range, a smooth field, few
// levels (many ties), extremes only (0 and most). f32 samples lie in [0, 1].
typedef enum test_texture { TEST_NOISE, TEST_SMOOTH, TEST_FEW_LEVELS, TEST_EXTREMES } test_texture;
enum { TEST_NTEXTURES = 4 };
ppx_image test_image(ppx_shape shape, test_texture texture, uint64_t seed);

// Sample k (x * channels + c) of row y as a double, and the same through a border rule of the
// test's own writing: 0 replicate, 1 reflect, 2 wrap, 3 constant 0.
double test_sample(const ppx_image *image, ptrdiff_t x, ptrdiff_t y, int c);
double test_sample_border(const ppx_image *image, ptrdiff_t x, ptrdiff_t y, int c, int border);
extern const char *const test_borders[4];

// Runs a chain over a copy of the image; a failure fails the test with the library's message. The
// caller frees the result.
ppx_image test_run(const char *spec, const ppx_image *in, const ppx_runner *runner,
                   const ppx_sink *sink);
// Loads, whatever image a chain names, one that fits; the length of the name is its seed.
ppx_image_loader test_load;
// The same for a test to look at.
ppx_image test_second_image(const char *name, ppx_shape shape);
// Runs a chain that must be refused, and returns the message in a static buffer.
const char *test_run_refused(const char *spec, const ppx_image *in);

// Fails with the first pixel that differs by more than `most`, its strip, and the way to repeat it.
void test_expect_equal(const ppx_image *got, const ppx_image *wanted, double most,
                       const char *what);

// The chains that the kernels give as examples, all of them.
const char *const *test_examples(size_t *n);

// Threads give the bytes of a serial run: several counts of them, static and dynamic schedules.
void test_same_on_threads(const char *spec, const ppx_image *in);

// What a slow and obvious kernel gives for one sample of the output.
typedef double test_oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c,
                           const void *context);
// Compares a chain with an oracle: alpha (the last of 2 or 4 channels) must be the input's.
void test_against_oracle(const char *spec, const ppx_image *in, test_oracle *oracle,
                         const void *context, double most);

// Every instruction-set level that this processor has: use as a loop. Leaves the best selected.
#define TEST_EACH_LEVEL(level)                                                                     \
    for (int level = 0; level < ppx_simd_count(); level++)                                         \
        if (ppx_simd_usable(level) && !ppx_simd_select(ppx_simd_name(level), NULL))

#endif
