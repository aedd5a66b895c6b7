// memory.c: allocation, alignment, huge pages.
#define _DEFAULT_SOURCE
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel.h"

enum { LINE = 64 };
static const size_t HUGE_PAGE = (size_t)2 << 20;

size_t ppx_alloc_room(size_t nbytes) {
    if (nbytes < 2 * HUGE_PAGE)
        return ppx_round_up(nbytes ? nbytes : 1, LINE);
    return ppx_round_up(nbytes, HUGE_PAGE);
}

void *ppx_alloc(size_t nbytes) {
    if (nbytes > SIZE_MAX - HUGE_PAGE)
        return NULL;
    size_t whole = ppx_alloc_room(nbytes);
    char *memory = aligned_alloc(LINE, whole);
    if (!memory || nbytes < 2 * HUGE_PAGE)
        return memory;
    // What lies on huge pages of its own. Memory that begins on one leaves a gap behind in the
    // heap: it would not fit into its own place when it is asked for again, and fresh pages cost
    // more than filters. It is advice: a kernel without it is as right.
    const size_t before = (HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE) % HUGE_PAGE;
    (void)madvise(memory + before, (whole - before) / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    return memory;
}

void ppx_free(void *memory) {
    free(memory);
}

ppx_status ppx_alloc_array(void **memory, size_t count, size_t nbytes, const char *what,
                           ppx_error *error) {
    size_t total;
    *memory = ppx_size_mul(count, nbytes, &total) ? ppx_alloc(total) : NULL;
    if (!*memory)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for %zu x %zu bytes of %s", count, nbytes,
                        what);
    memset(*memory, 0, total);
    return PPX_OK;
}

bool ppx_size_mul(size_t a, size_t b, size_t *product) {
    return !__builtin_mul_overflow(a, b, product);
}

_Noreturn void ppx_bug(const char *condition, const char *file, int line) {
    // Kept in variables, so that a debugger or a core file shows them.
    const char *volatile said = condition;
    const char *volatile where = file;
    volatile int at = line;
    (void)said, (void)where, (void)at;
    abort();
}

ppx_status ppx_pool_reserve(ppx_pool *pool, size_t nbytes, ppx_error *error) {
    if (nbytes <= pool->nbytes)
        return PPX_OK;
    size_t room = pool->nbytes * 2 > nbytes ? pool->nbytes * 2 : nbytes;
    if (room < 4096)
        room = 4096;
    void *grown = ppx_alloc(room);
    if (!grown)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for %zu bytes of a growing buffer", room);
    if (pool->data)
        memcpy(grown, pool->data, pool->nbytes);
    free(pool->data);
    pool->data = grown;
    pool->nbytes = room;
    return PPX_OK;
}

void ppx_pool_free(ppx_pool *pool) {
    free(pool->data);
    *pool = (ppx_pool){0};
}

void ppx_piece_free(ppx_piece *piece) {
    ppx_pool_free(&piece->records);
    ppx_pool_free(&piece->a);
    ppx_pool_free(&piece->b);
    ppx_pool_free(&piece->c);
}
