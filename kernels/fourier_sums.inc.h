// fourier_sums.inc.h: transforms of 2, 3, 4, 5 and 8 numbers, which passes are made of, for one
// precision; REAL, VECTOR (of REAL), COMPLEXES (a struct of two of them, re and im), TIMES_PLUS(a,
// b, c), a b + c of vectors, and NAME are defined by who includes it.
LANES_INLINE VECTOR NAME(all)(REAL value) {
    return value - (VECTOR){0};
}

LANES_INLINE COMPLEXES NAME(plus)(COMPLEXES a, COMPLEXES b) {
    return (COMPLEXES){a.re + b.re, a.im + b.im};
}

LANES_INLINE COMPLEXES NAME(minus)(COMPLEXES a, COMPLEXES b) {
    return (COMPLEXES){a.re - b.re, a.im - b.im};
}

// a - i b and a + i b
LANES_INLINE COMPLEXES NAME(minus_i)(COMPLEXES a, COMPLEXES b) {
    return (COMPLEXES){a.re + b.im, a.im - b.re};
}

LANES_INLINE COMPLEXES NAME(plus_i)(COMPLEXES a, COMPLEXES b) {
    return (COMPLEXES){a.re - b.im, a.im + b.re};
}

LANES_INLINE COMPLEXES NAME(scaled)(COMPLEXES a, REAL by) {
    return (COMPLEXES){a.re * NAME(all)(by), a.im * NAME(all)(by)};
}

LANES_INLINE COMPLEXES NAME(plus_scaled)(COMPLEXES a, COMPLEXES b, REAL by) {
    const VECTOR scale = NAME(all)(by);
    return (COMPLEXES){TIMES_PLUS(b.re, scale, a.re), TIMES_PLUS(b.im, scale, a.im)};
}

// Sums over k of t[k] exp(-2 pi i j k / r), for j = 0 to r - 1 in place.
LANES_INLINE void NAME(sums_2)(COMPLEXES t[2]) {
    COMPLEXES a = t[0];
    t[0] = NAME(plus)(a, t[1]);
    t[1] = NAME(minus)(a, t[1]);
}

LANES_INLINE void NAME(sums_3)(COMPLEXES t[3]) {
    const REAL sine = (REAL)0.86602540378443864676;
    COMPLEXES sum = NAME(plus)(t[1], t[2]), turn = NAME(scaled)(NAME(minus)(t[1], t[2]), sine);
    COMPLEXES rest = NAME(minus)(t[0], NAME(scaled)(sum, (REAL)0.5));
    t[0] = NAME(plus)(t[0], sum);
    t[1] = NAME(minus_i)(rest, turn);
    t[2] = NAME(plus_i)(rest, turn);
}

LANES_INLINE void NAME(sums_4)(COMPLEXES t[4]) {
    COMPLEXES even = NAME(plus)(t[0], t[2]), even_less = NAME(minus)(t[0], t[2]);
    COMPLEXES odd = NAME(plus)(t[1], t[3]), odd_less = NAME(minus)(t[1], t[3]);
    t[0] = NAME(plus)(even, odd);
    t[1] = NAME(minus_i)(even_less, odd_less);
    t[2] = NAME(minus)(even, odd);
    t[3] = NAME(plus_i)(even_less, odd_less);
}

LANES_INLINE void NAME(sums_5)(COMPLEXES t[5]) {
    const REAL c1 = (REAL)0.30901699437494742410, c2 = (REAL)-0.80901699437494742410;
    const REAL s1 = (REAL)0.95105651629515357212, s2 = (REAL)0.58778525229247312917;
    COMPLEXES a = NAME(plus)(t[1], t[4]), a_less = NAME(minus)(t[1], t[4]);
    COMPLEXES b = NAME(plus)(t[2], t[3]), b_less = NAME(minus)(t[2], t[3]);
    COMPLEXES x = NAME(plus)(t[0], NAME(plus)(NAME(scaled)(a, c1), NAME(scaled)(b, c2)));
    COMPLEXES y = NAME(plus)(t[0], NAME(plus)(NAME(scaled)(a, c2), NAME(scaled)(b, c1)));
    COMPLEXES u = NAME(plus)(NAME(scaled)(a_less, s1), NAME(scaled)(b_less, s2));
    COMPLEXES v = NAME(minus)(NAME(scaled)(a_less, s2), NAME(scaled)(b_less, s1));
    t[0] = NAME(plus)(t[0], NAME(plus)(a, b));
    t[1] = NAME(minus_i)(x, u);
    t[2] = NAME(minus_i)(y, v);
    t[3] = NAME(plus_i)(y, v);
    t[4] = NAME(plus_i)(x, u);
}

LANES_INLINE void NAME(sums_8)(COMPLEXES t[8]) {
    const REAL half = (REAL)0.70710678118654752440;
    COMPLEXES even[4] = {t[0], t[2], t[4], t[6]}, odd[4] = {t[1], t[3], t[5], t[7]};
    NAME(sums_4)(even);
    NAME(sums_4)(odd);
    COMPLEXES one = NAME(minus_i)(odd[1], odd[1]);  // (1 - i) odd
    COMPLEXES three = NAME(plus_i)(odd[3], odd[3]); // (1 + i) odd
    t[0] = NAME(plus)(even[0], odd[0]);
    t[4] = NAME(minus)(even[0], odd[0]);
    t[1] = NAME(plus_scaled)(even[1], one, half);
    t[5] = NAME(plus_scaled)(even[1], one, -half);
    t[2] = NAME(minus_i)(even[2], odd[2]);
    t[6] = NAME(plus_i)(even[2], odd[2]);
    t[3] = NAME(plus_scaled)(even[3], three, -half);
    t[7] = NAME(plus_scaled)(even[3], three, half);
}

LANES_INLINE void NAME(sums)(COMPLEXES *t, int r) {
    if (r == 2)
        NAME(sums_2)(t);
    else if (r == 3)
        NAME(sums_3)(t);
    else if (r == 4)
        NAME(sums_4)(t);
    else if (r == 5)
        NAME(sums_5)(t);
    else
        NAME(sums_8)(t);
}
