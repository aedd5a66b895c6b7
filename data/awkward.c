// awkward.c: images that break things, for verification: noise, runs, plateaus and extremes mixed,
// so that every kernel has something to trip over, in every type and number of channels.
#include "../core/parpix.h"

// splitmix64 (Steele, Lea, Flood 2014) as a counter-based generator: pixel and seed in, bits out.
static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// 32 random bits of which the texture depends on the place: zeros and full scale in blobs, few
// levels, plain noise.
static uint32_t awkward_sample(uint64_t seed, ptrdiff_t x, ptrdiff_t y, int c) {
    uint64_t key = seed * 0xd1342543de82ef95u + (uint64_t)y * 0x9e3779b97f4a7c15u +
                   (uint64_t)x * 0xc2b2ae3d27d4eb4fu + (uint64_t)c;
    uint32_t noise = (uint32_t)(mix(key) >> 32);
    uint64_t block = mix(seed + (uint64_t)(y / 5) * 7919u + (uint64_t)(x / 7) * 104729u);
    switch (block % 4) {
    case 0:
        return 0;
    case 1:
        return noise % 8 ? UINT32_MAX : 0;
    case 2:
        return (noise & 3u) * 0x55555555u;
    default:
        return noise;
    }
}

void ppx_awkward_image(ppx_image *image, uint64_t seed) {
    ppx_shape shape = image->shape;
    for (ptrdiff_t y = 0; y < shape.height; y++) {
        void *row = ppx_image_row(image, y);
        for (ptrdiff_t x = 0; x < shape.width; x++)
            for (int c = 0; c < shape.channels; c++) {
                uint32_t bits = awkward_sample(seed, x, y, c);
                ptrdiff_t k = x * shape.channels + c;
                switch (shape.type) {
                case PPX_U8:
                    ((uint8_t *)row)[k] = (uint8_t)(bits >> 24);
                    break;
                case PPX_U16:
                    ((uint16_t *)row)[k] = (uint16_t)(bits >> 16);
                    break;
                case PPX_U32:
                    ((uint32_t *)row)[k] = bits;
                    break;
                case PPX_F32: // exact: 24 bits
                    ((float *)row)[k] = (float)(bits >> 8) / (float)((1 << 24) - 1);
                    break;
                }
            }
    }
}
