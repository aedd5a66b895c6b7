// cmd_lesson.c: parpix lesson: the classic faults of concurrent programs and their cures, each on
// an image task, run and measured. The lessons themselves are in omp/lessons/ and mpi/lessons/.
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings.h"
#include "lessons.h"
#include "places.h"

static const option_help options[] = {
    {"threads", "N", 't', "threads (default: the CPUs that this process may use)"},
    {"size", "WxH", 's', "of the image, a scene of cells (default 1024x1024)"},
    {"repeat", "N", 'r', "runs of each variant (default 10)"},
    {"json", "FILE", 'j', "the table for machines"},
    {"output", "IMAGE", 'o',
     "what a broken variant made of the picture, where the lesson shows one"},
    {"correct", NULL, 257, "no broken variants: what is left is silent under ThreadSanitizer"},
    {"within", "FILE", 256, "the ranks' part only, for ranks that `lesson` has started"},
};

// In the order in which one would teach them. X(name): ppx_lesson_name in omp/lessons/name.c.
// clang-format off
#define LESSONS(X) \
    X(race) \
    X(mutex) \
    X(reentrant) \
    X(deadlock) \
    X(semaphore) \
    X(signal) \
    X(bounded) \
    X(event) \
    X(condition) \
    X(queue) \
    X(count) \
    X(biglock) \
    X(false_sharing) \
    X(daemon) \
    X(messages) \
    X(pool) \
    X(python)
// clang-format on

#define DECLARE(name) extern const ppx_lesson ppx_lesson_##name;
#define POINTER(name) &ppx_lesson_##name,
LESSONS(DECLARE)
const ppx_lesson *const lessons[] = {LESSONS(POINTER)};
const size_t nlessons = sizeof lessons / sizeof *lessons;

static const ppx_lesson *find(const char *name) {
    for (size_t k = 0; k < nlessons; k++)
        if (strcmp(lessons[k]->name, name) == 0)
            return lessons[k];
    return NULL;
}

static void print_list(void) {
    printf("Lessons, each on an image, run and measured: `parpix lesson NAME`, `parpix lesson "
           "all`\n\n");
    for (size_t k = 0; k < nlessons; k++) {
        const char *end = strchr(lessons[k]->says, '.');
        printf("  %-14s %.*s\n", lessons[k]->name, (int)(end - lessons[k]->says), lessons[k]->says);
    }
}

// ---- Running ------------------------------------------------------------------------------------

static ppx_status make_image(const lesson_request *r, ppx_image *image, ppx_error *error) {
    ppx_scene *scene;
    ppx_status status = ppx_scene_create(&scene, "cells", r->width, r->height, 1, NULL, error);
    if (status)
        return status;
    status = ppx_image_create(image, ppx_scene_shape(scene), error);
    if (!status)
        ppx_scene_rows(scene, 0, image);
    ppx_scene_free(scene);
    return status;
}

// Runs a part here. The picture goes to --output.
static ppx_status run_part(const ppx_lesson *lesson, const lesson_request *r, const world *all,
                           json_t **part, ppx_error *error) {
    ppx_image image = {0};
    ppx_lesson_report *report = calloc(1, sizeof *report);
    ppx_status status = report ? make_image(r, &image, error)
                               : ppx_fail(error, PPX_E_MEMORY, "no memory for a lesson");
    status = world_agree(all, status, error);
    const ppx_lesson_plan plan = {r->nthreads, r->repeat, &image, r->correct_only};
    if (!status)
        status = lesson->run(&plan, report, error);
    if (!status && all->rank == 0) {
        *part = lesson_json(lesson, &plan, all->nranks, report);
        if (!*part)
            status = ppx_fail(error, PPX_E_MEMORY, "no memory for a table");
        if (!status && r->output && report->image.data)
            status = ppx_image_write(&report->image, r->output, NULL, error);
    }
    if (report)
        ppx_image_free(&report->image);
    ppx_image_free(&image);
    free(report);
    return status;
}

// The part that runs here, on ranks, or in Python; *part stays NULL when there is none.
static ppx_status start_part(const ppx_lesson *lesson, bool ranks, const lesson_request *r,
                             const world *all, json_t **part, ppx_error *error) {
    if (ranks)
        return lesson->ranks ? lesson_start_ranks(lesson, r, part, error) : PPX_OK;
    if (lesson == &ppx_lesson_python)
        return lesson_start_python(lesson, r, part, error);
    return lesson->run ? run_part(lesson, r, all, part, error) : PPX_OK;
}

// All parts of a lesson into *found (an array), printed as they come.
static ppx_status teach(const ppx_lesson *lesson, const lesson_request *r, const world *all,
                        json_t *found, int *failures, ppx_error *error) {
    ppx_status status = PPX_OK;
    printf("%s: %s\nLook at %s.\n\n", lesson->name, lesson->says, lesson->lines);
    if (r->width * r->height < lesson->least_pixels)
        return ppx_fail(error, PPX_E_USAGE,
                        "lesson %s: %td x %td is too small to show it; take %td pixels or more",
                        lesson->name, r->width, r->height, lesson->least_pixels);
    if (cpus_online() < 2 || r->nthreads < 2) {
        printf("skipped: with one %s it cannot be shown\n\n", r->nthreads < 2 ? "thread" : "CPU");
        return PPX_OK;
    }
    for (int ranks = 0; !status && ranks < 2; ranks++) {
        json_t *part = NULL;
        (void)fflush(stdout);
        status = start_part(lesson, ranks, r, all, &part, error);
        if (!part)
            continue;
        lesson_print(part);
        *failures += lesson_failures(part);
        (void)json_array_append_new(found, part);
    }
    return status;
}

// In ranks that another `lesson` has started, or that mpirun has.
static ppx_status teach_ranks(const char *name, const lesson_request *r, const world *all,
                              ppx_error *error) {
    const ppx_lesson *lesson = world_lesson(name);
    json_t *part = NULL;
    if (!lesson)
        return ppx_fail(error, PPX_E_USAGE,
                        "lesson %.40s has no part for ranks; start it without mpirun", name);
    ppx_status status = run_part(lesson, r, all, &part, error);
    if (!status && all->rank == 0 && r->within)
        status = json_write(part, r->within, error);
    else if (!status && all->rank == 0)
        lesson_print(part);
    json_decref(part);
    return world_agree(all, status, error);
}

// ---- The command --------------------------------------------------------------------------------

static ppx_status take_option(void *asked, int letter, ppx_error *error) {
    lesson_request *r = asked;
    int64_t n = 0;
    ppx_status status = PPX_OK;
    switch (letter) {
    case 't':
        status = parse_count("-t", optarg, 1, 256, &n, error);
        r->nthreads = (int)n;
        break;
    case 's':
        status = parse_size(optarg, &r->width, &r->height, error);
        break;
    case 'r':
        status = parse_count("--repeat", optarg, 1, 1000, &n, error);
        r->repeat = (int)n;
        break;
    case 'j':
        r->json = optarg;
        break;
    case 'o':
        r->output = optarg;
        break;
    case 257:
        r->correct_only = true;
        break;
    default:
        r->within = optarg;
        break;
    }
    return status;
}

static ppx_status no_lesson(const char *typed, ppx_error *error) {
    enum { MOST = 64 };
    const char *names[MOST];
    for (size_t k = 0; k < nlessons && k < MOST; k++)
        names[k] = lessons[k]->name;
    const char *nearest = ppx_nearest(typed, names, nlessons);
    if (nearest)
        return ppx_fail(error, PPX_E_USAGE, "no lesson \"%.60s\"; did you mean \"%s\"?", typed,
                        nearest);
    return ppx_fail(error, PPX_E_USAGE, "no lesson \"%.60s\"; `parpix lesson` lists them", typed);
}

static ppx_status teach_all(const char *name, const lesson_request *r, const world *all,
                            int *failures, ppx_error *error) {
    bool every = strcmp(name, "all") == 0;
    if (!every && !find(name))
        return no_lesson(name, error);
    json_t *found = json_array();
    ppx_status status = found ? PPX_OK : ppx_fail(error, PPX_E_MEMORY, "no memory for a table");
    for (size_t k = 0; !status && k < nlessons; k++)
        if (every || lessons[k] == find(name))
            status = teach(lessons[k], r, all, found, failures, error);
    if (!status && r->json)
        status = json_write(found, r->json, error);
    json_decref(found);
    return status;
}

int cmd_lesson(world *all, int argc, char **argv) {
    lesson_request r = {.repeat = 10, .width = 1024, .height = 1024};
    ppx_error error = {0};
    int failures = 0;
    int code =
        take_options(all, argc, argv, options, sizeof options / sizeof *options, take_option, &r);
    if (code >= 0)
        return code;
    if (!r.nthreads) {
        cpus may = cpus_allowed();
        r.nthreads = cpus_count(&may);
    }
    if (optind == argc) {
        if (all->rank == 0)
            print_list();
        return EXIT_SAME;
    }
    if (argc - optind > 1)
        (void)ppx_fail(&error, PPX_E_USAGE, "lesson takes one name, so \"%.80s\" is one too many",
                       argv[optind + 1]);
    else if (all->nranks > 1 || r.within)
        (void)teach_ranks(argv[optind], &r, all, &error);
    else
        (void)teach_all(argv[optind], &r, all, &failures, &error);
    if (error.status)
        return complain(all, &error);
    if (failures)
        printf("%d variants that must be right were wrong\n", failures);
    return failures ? EXIT_DIFFERENT : EXIT_SAME;
}
