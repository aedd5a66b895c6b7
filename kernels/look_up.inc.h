// look_up.inc.h: n samples of one integer type through a table; PIXEL and NAME are defined by who
// includes it. Eight samples are looked up before they are written together: that is quicker.
static inline void NAME(look_up)(PIXEL *restrict out, const PIXEL *restrict in, ptrdiff_t n,
                                 const PIXEL *restrict table) {
    ptrdiff_t x = 0;
    for (; x + 8 <= n; x += 8) {
        PIXEL eight[8];
        for (int k = 0; k < 8; k++)
            eight[k] = table[in[x + k]];
        memcpy(out + x, eight, sizeof eight);
    }
    for (; x < n; x++)
        out[x] = table[in[x]];
}

#undef PIXEL
#undef NAME
