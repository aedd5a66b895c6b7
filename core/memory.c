// memory.c: allocation, alignment, huge pages, and large blocks that are kept for the next use.
#define _DEFAULT_SOURCE
#include "memory.h"

#include <stdatomic.h>
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

// ---- Blocks that are kept ----

// The C library gives blocks of 32 MB and more back to the system whatever it is told, or lets
// small ones lie down in them. Those that are asked for or kept are listed here; one that does not
// fit into the list is given back as ever. Only blocks of the same size are used again, so that an
// image's rows lie again in pages of the worker that has had them.
enum { MOST_KEPT = 128 };

typedef struct kept_block {
    void *memory; // NULL: the place is free
    size_t nbytes;
    bool used;
} kept_block;

static struct {
    atomic_flag busy; // held for a look at the list
    bool on;
    kept_block blocks[MOST_KEPT];
} kept = {.busy = ATOMIC_FLAG_INIT};

static void lock_kept(void) {
    while (atomic_flag_test_and_set_explicit(&kept.busy, memory_order_acquire))
        continue;
}

static void unlock_kept(void) {
    atomic_flag_clear_explicit(&kept.busy, memory_order_release);
}

// All that nobody uses. false: there was none.
static bool give_back(void) {
    bool any = false;
    lock_kept();
    for (int k = 0; k < MOST_KEPT; k++)
        if (kept.blocks[k].memory && !kept.blocks[k].used) {
            free(kept.blocks[k].memory);
            kept.blocks[k].memory = NULL;
            any = true;
        }
    unlock_kept();
    return any;
}

static void *take_kept(size_t nbytes) {
    void *memory = NULL;
    lock_kept();
    for (int k = 0; !memory && k < MOST_KEPT; k++) {
        kept_block *block = &kept.blocks[k];
        if (block->memory && !block->used && block->nbytes == nbytes) {
            block->used = true;
            memory = block->memory;
        }
    }
    unlock_kept();
    return memory;
}

static void note_block(void *memory, size_t nbytes) {
    lock_kept();
    for (int k = 0; kept.on && k < MOST_KEPT; k++)
        if (!kept.blocks[k].memory) {
            kept.blocks[k] = (kept_block){memory, nbytes, true};
            break;
        }
    unlock_kept();
}

// false: it is not listed, or is no longer to be kept.
static bool keep_block(void *memory) {
    bool stays = false;
    lock_kept();
    for (int k = 0; k < MOST_KEPT; k++) {
        kept_block *block = &kept.blocks[k];
        if (block->memory != memory)
            continue;
        stays = kept.on;
        block->used = false;
        if (!stays)
            block->memory = NULL;
        break;
    }
    unlock_kept();
    return stays;
}

void ppx_memory_keep(bool keep) {
    lock_kept();
    kept.on = keep;
    unlock_kept();
    if (!keep)
        (void)give_back();
}

// ---- Allocation ----

static void *large_block(size_t whole) {
    void *memory = take_kept(whole);
    if (memory)
        return memory;
    memory = aligned_alloc(HUGE_PAGE, whole);
    if (!memory && give_back())
        memory = aligned_alloc(HUGE_PAGE, whole);
    if (memory) {
        (void)madvise(memory, whole, MADV_HUGEPAGE); // advice: a kernel without it is as right
        note_block(memory, whole);
    }
    return memory;
}

void *ppx_alloc(size_t nbytes) {
    if (nbytes > SIZE_MAX - HUGE_PAGE)
        return NULL;
    size_t whole = ppx_alloc_room(nbytes);
    return nbytes < 2 * HUGE_PAGE ? aligned_alloc(LINE, whole) : large_block(whole);
}

void ppx_free(void *memory) {
    const bool large = ((uintptr_t)memory & (HUGE_PAGE - 1)) == 0; // or by chance: not listed
    if (memory && !(large && keep_block(memory)))
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
    ppx_free(pool->data);
    pool->data = grown;
    pool->nbytes = room;
    return PPX_OK;
}

void ppx_pool_free(ppx_pool *pool) {
    ppx_free(pool->data);
    *pool = (ppx_pool){0};
}

void ppx_piece_free(ppx_piece *piece) {
    ppx_pool_free(&piece->records);
    ppx_pool_free(&piece->a);
    ppx_pool_free(&piece->b);
    ppx_pool_free(&piece->c);
}
