// geometry.inc.h: what the tests of maps with shapes of their own share. All channels are compared,
// alpha too: it moves with its pixel.
#include "support.h"

#include <math.h>
#include <stdio.h>

typedef double geometry_oracle(const ppx_image *in, ptrdiff_t x, ptrdiff_t y, int c,
                               const void *context);

// What the type can hold of it.
static double within_type(double value, ppx_type type) {
    static const double most[] = {UINT8_MAX, UINT16_MAX, UINT32_MAX, 1};
    if (type == PPX_F32)
        return value;
    return value < 0 ? 0 : value > most[type] ? most[type] : value;
}

// A chain at every level beside the oracle's real number for each sample.
static void expect_near(const char *spec, const ppx_image *in, ptrdiff_t width, ptrdiff_t height,
                        geometry_oracle *oracle, const void *context, double most) {
    TEST_EACH_LEVEL(level) {
        ppx_image got = test_run(spec, in, &ppx_runner_serial, NULL);
        if (got.shape.width != width || got.shape.height != height)
            fail_msg("%s: %td x %td, wanted %td x %td", spec, got.shape.width, got.shape.height,
                     width, height);
        for (ptrdiff_t y = 0; y < height; y++)
            for (ptrdiff_t x = 0; x < width; x++)
                for (int c = 0; c < in->shape.channels; c++) {
                    double value = test_sample(&got, x, y, c);
                    double wanted = within_type(oracle(in, x, y, c, context), in->shape.type);
                    if (!(fabs(value - wanted) <= most))
                        fail_msg("%s of %td x %td x %d %s at %s: (%td, %td) channel %d: %.9g, "
                                 "wanted %.9g",
                                 spec, in->shape.width, in->shape.height, in->shape.channels,
                                 ppx_type_name(in->shape.type), ppx_simd_name(level), x, y, c,
                                 value, wanted);
                }
        ppx_image_free(&got);
    }
}

static const ptrdiff_t geometry_sizes[][2] = {{1, 1}, {1, 37}, {37, 1}, {17, 13}, {131, 70}};
enum { NGEOMETRY_SIZES = sizeof geometry_sizes / sizeof *geometry_sizes };
