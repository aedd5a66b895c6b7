// cmd_gen.c: parpix gen, which writes scenes: test images, and what is known of them.
//
// A strip depends on nothing but the scene: all workers make theirs, rank 0 writes.
#include <jansson.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/runner.h"
#include "command.h"

typedef struct request {
    const char *scene, *out, *truth, *labels;
    char *settings; // of all --set, joined by commas; NULL if there was none
    ptrdiff_t width, height;
    int64_t seed, nthreads; // nthreads: 0, the runtime's choice
    bool dealing;
} request;

enum { TRUTH = 256, LABELS, SIZE, SEED, SET, DISTRIBUTE };

static const option_help options[] = {
    {"output", "FILE", 'o', "the image to write; .png, .pgm or .npy, - is standard output"},
    {"size", "WxH", SIZE, "width and height in pixels (1024x1024)"},
    {"seed", "N", SEED, "another seed is another image of the same kind (1)"},
    {"set", "KEY=VALUE,...", SET, "settings of the scene; may be given more than once"},
    {"truth", "FILE.json", TRUTH, "what is known of the scene: its objects as a table"},
    {"labels", "FILE.npy", LABELS, "the true label image (u32): which object owns a pixel"},
    {"threads", "N", 't', "threads in each rank, as for run"},
    {"distribute", "HOW", DISTRIBUTE, "static or dynamic, as for run"},
};

// ---- Help: scenes and their settings ------------------------------------------------------------

static void print_param(const ppx_param *param) {
    char left[80];
    const char *fallback = param->fallback ? param->fallback : "";
    if (param->kind == PPX_CHOICE)
        (void)snprintf(left, sizeof left, "%s=%s", param->key, param->choices);
    else
        (void)snprintf(left, sizeof left, "%s=%.9g..%.9g", param->key, param->least, param->most);
    printf("      %-42s %s", left, param->help);
    if (*fallback)
        printf(" (%s)", fallback);
    printf("\n");
}

// Noise and depth are settings of every scene: shown once.
static bool is_common(const ppx_param *param) {
    return strcmp(param->key, "noise") == 0 || strcmp(param->key, "depth") == 0;
}

static void print_scene(size_t index) {
    int nparams;
    const ppx_param *params = ppx_scene_params(index, &nparams);
    printf("  %-10s %s%s\n", ppx_scene_name(index), ppx_scene_summary(index),
           ppx_scene_has_labels(index)  ? "; has --truth and --labels"
           : ppx_scene_has_truth(index) ? "; has --truth"
                                        : "");
    for (int p = 0; p < nparams; p++)
        if (!is_common(&params[p]))
            print_param(&params[p]);
        else if (strcmp(params[p].key, "noise") == 0 && strcmp(params[p].fallback, "none") != 0)
            printf("      noise is %s if not set\n", params[p].fallback);
}

static void print_scenes(void) {
    printf("\nScenes, their settings and defaults (grey levels count to 255 at every depth):\n");
    for (size_t k = 0; k < ppx_scene_count(); k++)
        print_scene(k);
    printf("  every scene\n");
    int nparams;
    const ppx_param *params = ppx_scene_params(ppx_scene_count() - 1, &nparams);
    for (int p = 0; p < nparams; p++)
        if (is_common(&params[p]))
            print_param(&params[p]);
}

// ---- Options ------------------------------------------------------------------------------------

static ppx_status add_settings(request *r, const char *more, ppx_error *error) {
    size_t n = r->settings ? strlen(r->settings) : 0, room = n + strlen(more) + 2;
    char *joined = realloc(r->settings, room);
    if (!joined)
        return ppx_fail(error, PPX_E_MEMORY, "no memory for the settings");
    (void)snprintf(joined + n, room - n, "%s%s", n ? "," : "", more);
    r->settings = joined;
    return PPX_OK;
}

static ppx_status take_option(void *asked, int letter, ppx_error *error) {
    request *r = asked;
    switch (letter) {
    case 'o':
        r->out = optarg;
        return PPX_OK;
    case 't':
        return parse_count("--threads", optarg, 1, 4096, &r->nthreads, error);
    case DISTRIBUTE:
        return parse_distribution(optarg, &r->dealing, error);
    case SIZE:
        return parse_size(optarg, &r->width, &r->height, error);
    case SEED:
        return parse_count("--seed", optarg, 0, INT64_MAX, &r->seed, error);
    case SET:
        return add_settings(r, optarg, error);
    case TRUTH:
        r->truth = optarg;
        return PPX_OK;
    default:
        r->labels = optarg;
        return PPX_OK;
    }
}

// The scenes that know what is asked for, for the message that this one does not.
static void list_known(char *text, size_t room, bool (*knows)(size_t index)) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t k = 0; k < ppx_scene_count(); k++)
        if (knows(k) && used < room)
            used += (size_t)snprintf(text + used, room - used, "%s%s", used ? ", " : "",
                                     ppx_scene_name(k));
}

static ppx_status check_known(const request *r, ppx_error *error) {
    char known[200];
    for (size_t k = 0; k < ppx_scene_count(); k++) {
        if (strcmp(ppx_scene_name(k), r->scene) != 0)
            continue;
        if (r->truth && !ppx_scene_has_truth(k)) {
            list_known(known, sizeof known, ppx_scene_has_truth);
            return ppx_fail(error, PPX_E_USAGE, "--truth: %s has no objects; these scenes do: %s",
                            r->scene, known);
        }
        if (r->labels && !ppx_scene_has_labels(k)) {
            list_known(known, sizeof known, ppx_scene_has_labels);
            return ppx_fail(error, PPX_E_USAGE, "--labels: %s has no labels; these scenes do: %s",
                            r->scene, known);
        }
    }
    return PPX_OK;
}

static ppx_status check_request(const request *r, ppx_error *error) {
    if (!r->out)
        return ppx_fail(error, PPX_E_USAGE, "gen needs -o FILE: parpix gen %s -o %s.png", r->scene,
                        r->scene);
    const char *files[] = {r->out, r->truth, r->labels};
    for (int a = 0; a < 3; a++)
        for (int b = a + 1; b < 3; b++)
            if (files[a] && files[b] && strcmp(files[a], files[b]) == 0)
                return ppx_fail(error, PPX_E_USAGE, "%s is named for two outputs", files[a]);
    return check_known(r, error);
}

// ---- Truth as JSON ------------------------------------------------------------------------------

typedef struct objects {
    json_t *columns; // name: [values]
    size_t n;
} objects;

static void keep_table(void *context, const char *scene, const ppx_table *table) {
    (void)scene;
    objects *kept = context;
    kept->n = table->nrows;
    kept->columns = json_object();
    for (int c = 0; c < table->ncolumns; c++) {
        json_t *values = json_array();
        for (size_t row = 0; row < table->nrows; row++) {
            double value = table->cell(table->data, row, c);
            json_array_append_new(values, table->whole[c] ? json_integer((json_int_t)value)
                                                          : json_real(value));
        }
        json_object_set_new(kept->columns, table->columns[c], values);
    }
}

static ppx_status write_truth(const request *r, const ppx_scene *scene, ppx_error *error) {
    objects kept = {NULL, 0};
    const ppx_sink sink = {&kept, NULL, keep_table};
    (void)ppx_scene_truth(scene, &sink);
    json_t *truth = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "scene", r->scene, "settings",
                              ppx_scene_text(scene), "seed", (json_int_t)r->seed, "width",
                              (json_int_t)r->width, "height", (json_int_t)r->height, "count",
                              (json_int_t)kept.n, "objects", kept.columns);
    char *text = truth ? json_dumps(truth, JSON_COMPACT) : NULL;
    size_t n = text ? strlen(text) : 0;
    ppx_status status;
    if (!text) {
        status = ppx_fail(error, PPX_E_MEMORY, "no memory for the truth of %zu objects", kept.n);
    } else {
        text[n] = '\n'; // in place of the final zero: the length goes along
        status = ppx_text_write(text, n + 1, r->truth, error);
    }
    free(text);
    json_decref(truth);
    return status;
}

// ---- The command --------------------------------------------------------------------------------

// A scene as a map that reads nothing, so that it runs as kernels do: by threads under any
// schedule, by ranks in bands or with strips dealt out.
static void no_rows(const ppx_job *job, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t *a, ptrdiff_t *b) {
    (void)job, (void)y0, (void)y1;
    *a = *b = 0;
}

static void paint_rows(const ppx_job *job, const ppx_block *block) {
    const ppx_scene *scene = job->table;
    ppx_shape row = job->geometry.out;
    row.height = 1;
    for (ptrdiff_t k = 0; k < block->nrows; k++) {
        ppx_image image = ppx_image_wrap(block->out[k], row, (ptrdiff_t)ppx_shape_row_nbytes(row));
        if (row.type == PPX_U32)
            (void)ppx_scene_labels(scene, block->y + k, &image);
        else
            ppx_scene_rows(scene, block->y + k, &image);
    }
}

// Pixels, or labels if the shape is of u32; the whole image is on rank 0.
static ppx_status paint(world *all, ppx_scene *scene, ppx_shape shape, ppx_image *whole,
                        ppx_error *error) {
    const ppx_runner *runner = world_runner(all, &ppx_runner_omp);
    ppx_map map = {.needs = no_rows};
    map.rows[shape.type] = paint_rows;
    const ppx_stages stages = {
        .n = 1,
        .at[0] = {.job = {.in = shape, .first = shape, .geometry = {.out = shape}, .table = scene},
                  .map = &map}};
    ppx_band band = {.height = shape.height};
    ptrdiff_t y1 = shape.height;
    if (runner->band)
        runner->band(runner, shape.height, &band.y0, &y1);
    ppx_shape own = shape;
    own.height = y1 - band.y0;
    ppx_status status = world_agree(all, ppx_image_create(&band.rows, own, error), error);
    const ppx_image nothing = {.shape = {shape.width, 0, shape.channels, shape.type}};
    const ppx_source in = {.own = &nothing};
    if (!status)
        status = runner->map(runner, &stages, &in, &band, band.y0, y1, error);
    if (!status)
        return world_collect(all, &band, whole, error);
    ppx_image_free(&band.rows);
    return status;
}

static ppx_status write_image(world *all, ppx_scene *scene, ppx_shape shape, const char *path,
                              ppx_error *error) {
    ppx_image image = {0};
    ppx_status status = paint(all, scene, shape, &image, error);
    if (!status && all->rank == 0)
        status = ppx_image_write(&image, path, NULL, error);
    ppx_image_free(&image);
    return world_agree(all, status, error);
}

static ppx_status generate(world *all, const request *r, ppx_error *error) {
    ppx_scene *scene;
    ppx_status status = ppx_scene_create(&scene, r->scene, r->width, r->height, (uint64_t)r->seed,
                                         r->settings, error);
    status = world_agree(all, status, error);
    if (status) {
        ppx_scene_free(scene);
        return status;
    }
    ppx_shape shape = ppx_scene_shape(scene), labels = shape;
    labels.type = PPX_U32;
    status = ppx_image_writable(shape, r->out, NULL, error);
    if (!status && r->labels)
        status = ppx_image_writable(labels, r->labels, NULL, error);
    if (!status)
        status = write_image(all, scene, shape, r->out, error);
    if (!status && r->labels)
        status = write_image(all, scene, labels, r->labels, error);
    if (!status && r->truth && all->rank == 0)
        status = write_truth(r, scene, error);
    ppx_scene_free(scene);
    return status;
}

static int gen(world *all, request *r, int argc, char **argv) {
    ppx_error error = {0};
    int code =
        take_options(all, argc, argv, options, sizeof options / sizeof *options, take_option, r);
    if (code == EXIT_SAME && all->rank == 0)
        print_scenes();
    if (code >= 0)
        return code;
    if (argc - optind != 1) {
        (void)ppx_fail(&error, PPX_E_USAGE,
                       "gen takes one scene, not %d: parpix gen cells -o cells.png", argc - optind);
        return complain(all, &error);
    }
    r->scene = argv[optind];
    if (check_request(r, &error))
        return complain(all, &error);
    if (r->nthreads)
        omp_set_num_threads((int)r->nthreads);
    else if (all->nranks > 1 && !getenv("OMP_NUM_THREADS"))
        omp_set_num_threads(1);
    world_deal(all, r->dealing);
    ppx_status status = generate(all, r, &error);
    return world_agree(all, status, &error) ? complain(all, &error) : EXIT_SAME;
}

int cmd_gen(world *all, int argc, char **argv) {
    request r = {.width = 1024, .height = 1024, .seed = 1};
    int code = gen(all, &r, argc, argv);
    free(r.settings);
    return code;
}
