// memory.h: the one place that allocates, so that tests can make the n-th allocation fail.
#ifndef PPX_MEMORY_H
#define PPX_MEMORY_H

#include "parpix.h"

// Memory aligned to 64 bytes, undefined content; large blocks ask for huge pages (a page fault
// costs more than most filters). NULL when there is none. ppx_free (parpix.h) takes NULL.
void *ppx_alloc(size_t nbytes);
// How many bytes it gives to who asks for so many, which must be few enough to be given.
size_t ppx_alloc_room(size_t nbytes);

// As ppx_alloc, zeroed, for count items of nbytes; the error names what it was for.
ppx_status ppx_alloc_array(void **memory, size_t count, size_t nbytes, const char *what,
                           ppx_error *error);

// Products and sums of sizes that are known not to wrap: false when they would.
bool ppx_size_mul(size_t a, size_t b, size_t *product);

// A bug of ours, never of the caller's or the world's.
#define PPX_ASSERT(condition) ((condition) ? (void)0 : ppx_bug(#condition, __FILE__, __LINE__))
_Noreturn void ppx_bug(const char *condition, const char *file, int line);

static inline size_t ppx_round_up(size_t n, size_t to) {
    return (n + to - 1) / to * to;
}

#endif
