// cmd_compare.c: parpix compare A B: are two images equal, and if not, how much and where.
//
// Where says more than how much: a halo that is one row short differs along strip or rank borders
// only, a wrong carry from some row on, a race anywhere.
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/difference.h"
#include "command.h"
#include "findings.h"
#include "similarity.h"

enum { MAX_DIFF = 256, MAX_COUNT, HEATMAP, SSIM, SSIM_MAP, JSON, RUN, HALO, MAX_PIXELS };

static const option_help options[] = {
    {"max-diff", "D", MAX_DIFF, "tolerate differences of samples up to D"},
    {"max-count", "N", MAX_COUNT, "tolerate up to N pixels that differ by more (default 0)"},
    {"heatmap", "FILE", HEATMAP, "write a gray image of the differences, the largest as 255"},
    {"ssim", NULL, SSIM, "also the structural similarity, 1 for equal images"},
    {"ssim-map", "FILE", SSIM_MAP, "write where it is low, as f32 (.npy)"},
    {"json", "FILE", JSON, "write the report for machines"},
    {"run", "FILE", RUN, "the JSON of `parpix run`: says whether differences lie along its ranks"},
    {"halo", "N", HALO, "rows on each side of a border that count as along it (default 4)"},
    {"max-pixels", "N", MAX_PIXELS, "refuse larger images (default 1G; k, M, G are understood)"},
};

// Borders between strips or ranks, ascending.
typedef struct borders {
    ptrdiff_t *y;
    size_t n;
} borders;

typedef struct request {
    const char *a, *b, *heatmap, *ssim_map, *json, *run;
    bool ssim;
    double tolerance; // below 0: none
    int64_t max_count, halo;
    ppx_read_options read;
} request;

typedef struct comparison {
    ppx_image a, b;
    bool comparable; // equal shapes
    ppx_difference difference;
    borders strips, ranks;
    ppx_nearness at_strips, at_ranks;
    bool equal, within;
    double ssim;
} comparison;

// ---- Options ------------------------------------------------------------------------------------

static ppx_status take_option(void *asked, int letter, ppx_error *error) {
    request *r = asked;
    switch (letter) {
    case MAX_DIFF:
        if (!ppx_parse_real(optarg, &r->tolerance) || r->tolerance < 0)
            return ppx_fail(error, PPX_E_USAGE, "--max-diff: \"%.80s\" is not a number from 0 on",
                            optarg);
        return PPX_OK;
    case MAX_COUNT:
        return parse_count("--max-count", optarg, 0, INT64_MAX, &r->max_count, error);
    case HEATMAP:
        r->heatmap = optarg;
        return PPX_OK;
    case SSIM:
        r->ssim = true;
        return PPX_OK;
    case SSIM_MAP:
        r->ssim = true;
        r->ssim_map = optarg;
        return PPX_OK;
    case JSON:
        r->json = optarg;
        return PPX_OK;
    case RUN:
        r->run = optarg;
        return PPX_OK;
    case HALO:
        return parse_count("--halo", optarg, 1, PPX_STRIP / 2, &r->halo, error);
    default:
        return parse_amount("--max-pixels", optarg, &r->read.max_pixels, error);
    }
}

static bool is_dash(const char *path) {
    return path && strcmp(path, "-") == 0;
}

static ppx_status check_request(const request *r, ppx_error *error) {
    if (is_dash(r->a) + is_dash(r->b) + is_dash(r->run) > 1)
        return ppx_fail(error, PPX_E_USAGE, "compare: only one input can come from stdin");
    if (is_dash(r->heatmap) + is_dash(r->json) + is_dash(r->ssim_map) > 1)
        return ppx_fail(error, PPX_E_USAGE, "compare: only one output can go to stdout");
    return PPX_OK;
}

// ---- Borders ------------------------------------------------------------------------------------

static ppx_status borders_create(borders *list, size_t n, ppx_error *error) {
    list->n = 0;
    list->y = calloc(n + 1, sizeof *list->y);
    return list->y ? PPX_OK : ppx_fail(error, PPX_E_MEMORY, "no memory for %zu borders", n);
}

static ppx_status strip_borders(borders *list, ptrdiff_t height, ppx_error *error) {
    ppx_status status = borders_create(list, (size_t)(height / PPX_STRIP), error);
    for (ptrdiff_t y = PPX_STRIP; !status && y < height; y += PPX_STRIP)
        list->y[list->n++] = y;
    return status;
}

// "bands": [[y0, y1], ...] by rank. Idle ranks have empty bands and no border.
static ppx_status take_bands(borders *list, const json_t *bands, ptrdiff_t height, const char *path,
                             ppx_error *error) {
    size_t n = json_array_size(bands);
    ppx_status status = borders_create(list, n, error);
    for (size_t k = 0; !status && k < n; k++) {
        const json_t *band = json_array_get(bands, k);
        const json_t *from = json_array_get(band, 0), *to = json_array_get(band, 1);
        ptrdiff_t y0 = (ptrdiff_t)json_integer_value(from);
        ptrdiff_t y1 = (ptrdiff_t)json_integer_value(to);
        if (!json_is_integer(from) || !json_is_integer(to) || y0 < 0 || y1 < y0 || y1 > height)
            return ppx_fail(error, PPX_E_INPUT,
                            "%s: \"bands\" has something else than [y0, y1] within %td rows; it "
                            "describes another image",
                            path, height);
        if (y0 == y1 || y0 == 0)
            continue;
        if (list->n && y0 <= list->y[list->n - 1])
            return ppx_fail(error, PPX_E_INPUT, "%s: \"bands\" do not ascend", path);
        list->y[list->n++] = y0;
    }
    return status;
}

static ppx_status rank_borders(borders *list, const char *path, ptrdiff_t height,
                               ppx_error *error) {
    char *text = NULL;
    json_error_t reason;
    ppx_status status = ppx_text_read(&text, path, error);
    if (status)
        return status;
    json_t *run = json_loads(text, 0, &reason);
    const json_t *bands = json_object_get(run, "bands");
    if (!run)
        status = ppx_fail(error, PPX_E_INPUT, "%s is not JSON: %s (line %d)", path, reason.text,
                          reason.line);
    else if (bands && !json_is_array(bands))
        status = ppx_fail(error, PPX_E_INPUT,
                          "%s: \"bands\" is not a list; --run takes what `parpix run --json` wrote",
                          path);
    else
        status = take_bands(list, bands, height, path, error);
    json_decref(run);
    ppx_free(text);
    return status;
}

// ---- Comparison ---------------------------------------------------------------------------------

static ppx_status find(comparison *c, const request *r, ppx_error *error) {
    ptrdiff_t height = c->a.shape.height;
    ppx_status status = ppx_difference_find(&c->difference, &c->a, &c->b, r->tolerance, error);
    if (!status)
        status = strip_borders(&c->strips, height, error);
    if (!status && r->run)
        status = rank_borders(&c->ranks, r->run, height, error);
    if (status)
        return status;
    const uint32_t *rows = c->difference.exceeding;
    ptrdiff_t halo = (ptrdiff_t)r->halo;
    c->at_strips = ppx_difference_near(rows, height, c->strips.y, c->strips.n, halo);
    c->at_ranks = ppx_difference_near(rows, height, c->ranks.y, c->ranks.n, halo);
    c->equal = c->difference.ndiffering == 0;
    c->within = c->difference.nexceeding <= (uint64_t)r->max_count;
    return PPX_OK;
}

static ppx_status write_heatmap(const comparison *c, const char *path, ppx_error *error) {
    ppx_image heatmap = {0};
    ppx_status status = ppx_difference_heatmap(&c->difference, &c->a, &c->b, &heatmap, error);
    if (!status)
        status = ppx_image_write(&heatmap, path, NULL, error);
    ppx_image_free(&heatmap);
    return status;
}

static ppx_status find_similarity(comparison *c, const request *r, ppx_error *error) {
    ppx_image map;
    ppx_status status = similarity(&c->a, &c->b, &c->ssim, &map, error);
    if (!status && r->ssim_map)
        status = ppx_image_write(&map, r->ssim_map, NULL, error);
    ppx_image_free(&map);
    return status;
}

// ---- For people ---------------------------------------------------------------------------------

static void shape_text(ppx_shape shape, char text[80]) {
    (void)snprintf(text, 80, "%td x %td, %d channel%s of %s", shape.width, shape.height,
                   shape.channels, shape.channels > 1 ? "s" : "", ppx_type_name(shape.type));
}

// "63-64, 127 and 3 runs more (9 rows)"
static void print_rows(const uint32_t *exceeding, ptrdiff_t height) {
    enum { SHOWN = 8 };
    size_t nruns = 0, nrows = 0;
    printf("rows        ");
    for (ptrdiff_t y = 0; y < height; y++) {
        if (!exceeding[y])
            continue;
        ptrdiff_t first = y;
        while (y + 1 < height && exceeding[y + 1])
            y++;
        nrows += (size_t)(y - first) + 1;
        if (++nruns > SHOWN)
            continue;
        printf("%s%td", nruns > 1 ? ", " : "", first);
        if (y > first)
            printf("-%td", y);
    }
    if (nruns > SHOWN)
        printf(" and %zu runs more", nruns - SHOWN);
    printf(" (%zu of %td)\n", nrows, height);
}

static void print_nearness(const char *what, const ppx_nearness *near, int64_t halo,
                           const char *borders_are) {
    printf("%-12s", what);
    if (!near->nborders)
        printf("there is one only: no borders\n");
    else if (near->nnear == near->nrows)
        printf("all these rows lie within %td of a border (%s), along %zu of %zu\n", near->reach,
               borders_are, near->nhit, near->nborders);
    else if (near->nnear)
        printf("%zu of these %zu rows within %lld of a border (%s), the others not\n", near->nnear,
               near->nrows, (long long)halo, borders_are);
    else
        printf("none of these rows lies within %lld of a border (%s)\n", (long long)halo,
               borders_are);
}

static void print_difference(const comparison *c, const request *r) {
    const ppx_difference *d = &c->difference;
    printf("pixels      %" PRIu64 " of %" PRIu64 " differ (%.4g %%)\n", d->ndiffering, d->npixels,
           100.0 * (double)d->ndiffering / (double)d->npixels);
    if (r->tolerance >= 0 || r->max_count)
        printf("limits      pixels that differ by more than %.9g: %" PRIu64 ", up to %lld may\n",
               r->tolerance > 0 ? r->tolerance : 0, d->nexceeding, (long long)r->max_count);
    printf("difference  largest %.9g, mean %.6g, PSNR %.4g dB\n", d->largest, d->mean, d->psnr);
    if (d->napart)
        printf("not finite  samples that are NaN or infinite on one side, not in these figures: "
               "%" PRIu64 "\n",
               d->napart);
    if (d->x < 0)
        return;
    printf("first       x %td, y %td, channel %d: %.9g in A, %.9g in B\n", d->x, d->y, d->c, d->a,
           d->b);
    print_rows(d->exceeding, c->a.shape.height);
    char multiples[40];
    (void)snprintf(multiples, sizeof multiples, "multiples of %d", PPX_STRIP);
    print_nearness("strips", &c->at_strips, r->halo, multiples);
    if (r->run)
        print_nearness("ranks", &c->at_ranks, r->halo, "where a rank's rows end");
}

static void print_report(const comparison *c, const request *r) {
    char a[80], b[80];
    shape_text(c->a.shape, a);
    shape_text(c->b.shape, b);
    if (!c->comparable) {
        printf("different: %s is %s, but %s is %s\n", r->a, a, r->b, b);
        return;
    }
    printf("%s: %s and %s, %s\n",
           c->equal    ? "equal"
           : c->within ? "within limits"
                       : "different",
           r->a, r->b, a);
    if (r->ssim)
        printf("similarity  %.9g (SSIM)\n", c->ssim);
    if (!c->equal)
        print_difference(c, r);
}

// ---- For machines -------------------------------------------------------------------------------

static json_t *shape_json(ppx_shape shape) {
    return json_pack("{s:I, s:I, s:i, s:s}", "width", (json_int_t)shape.width, "height",
                     (json_int_t)shape.height, "channels", shape.channels, "type",
                     ppx_type_name(shape.type));
}

// JSON knows no infinity and no NaN.
static json_t *real_json(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *near_json(const ppx_nearness *near) {
    return json_pack("{s:I, s:I, s:I, s:b, s:I}", "borders", (json_int_t)near->nborders,
                     "borders_hit", (json_int_t)near->nhit, "rows_near", (json_int_t)near->nnear,
                     "all", near->nrows > 0 && near->nnear == near->nrows, "within",
                     (json_int_t)near->reach);
}

static json_t *difference_json(const comparison *c, const request *r) {
    const ppx_difference *d = &c->difference;
    json_t *object = json_pack(
        "{s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I}", "pixels", (json_int_t)d->npixels, "differing",
        (json_int_t)d->ndiffering, "exceeding", (json_int_t)d->nexceeding, "samples_not_finite",
        (json_int_t)d->napart, "largest", real_json(d->largest), "mean", real_json(d->mean), "psnr",
        real_json(d->psnr), "rows", (json_int_t)c->at_strips.nrows);
    json_t *first = json_null();
    if (d->x >= 0)
        first = json_pack("{s:I, s:I, s:i, s:o, s:o}", "x", (json_int_t)d->x, "y", (json_int_t)d->y,
                          "channel", d->c, "a", real_json(d->a), "b", real_json(d->b));
    json_object_set_new(object, "first", first);
    if (r->ssim)
        json_object_set_new(object, "ssim", real_json(c->ssim));
    json_object_set_new(object, "strips", near_json(&c->at_strips));
    if (r->run)
        json_object_set_new(object, "ranks", near_json(&c->at_ranks));
    return object;
}

static ppx_status write_json(const comparison *c, const request *r, ppx_error *error) {
    const char *verdict = c->equal ? "equal" : c->within ? "within limits" : "different";
    json_t *report =
        json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o}", "parpix", PPX_VERSION, "a", r->a, "b",
                  r->b, "verdict", verdict, "same_shape", c->comparable, "shape_a",
                  shape_json(c->a.shape), "shape_b", shape_json(c->b.shape));
    if (!report)
        return ppx_fail(error, PPX_E_USAGE,
                        "--json: JSON cannot hold these names; file names must be UTF-8");
    if (c->comparable)
        json_object_set_new(report, "difference", difference_json(c, r));
    ppx_status status = json_write(report, r->json, error);
    json_decref(report);
    return status;
}

// ---- The command --------------------------------------------------------------------------------

static ppx_status compare(comparison *c, const request *r, ppx_error *error) {
    const ppx_shape gray = {1, 1, 1, PPX_U8};
    ppx_status status = r->heatmap ? ppx_image_writable(gray, r->heatmap, NULL, error) : PPX_OK;
    if (!status)
        status = ppx_image_read(&c->a, r->a, &r->read, error);
    if (!status)
        status = ppx_image_read(&c->b, r->b, &r->read, error);
    if (status)
        return status;
    c->comparable = ppx_shape_equal(c->a.shape, c->b.shape);
    if (c->comparable)
        status = find(c, r, error);
    if (!status && c->comparable && r->ssim)
        status = find_similarity(c, r, error);
    if (!status && c->comparable && r->heatmap)
        status = write_heatmap(c, r->heatmap, error);
    if (!status && r->json)
        status = write_json(c, r, error);
    if (!status && !is_dash(r->heatmap) && !is_dash(r->json) && !is_dash(r->ssim_map))
        print_report(c, r);
    return status;
}

// Rank 0 compares, the others return what it says.
static int compare_on_first(const world *all, const request *r) {
    comparison c = {.comparable = false};
    ppx_error error = {0};
    ppx_status status = all->rank == 0 ? compare(&c, r, &error) : PPX_OK;
    int code = c.within ? EXIT_SAME : EXIT_DIFFERENT;
    ppx_image_free(&c.a);
    ppx_image_free(&c.b);
    ppx_difference_free(&c.difference);
    free(c.strips.y);
    free(c.ranks.y);
    status = world_agree(all, status, &error);
    if (!status)
        status = world_share(all, &code, sizeof code, &error);
    return status ? complain(all, &error) : code;
}

int cmd_compare(world *all, int argc, char **argv) {
    request r = {.tolerance = -1, .halo = 4};
    ppx_error error = {0};
    int code =
        take_options(all, argc, argv, options, sizeof options / sizeof *options, take_option, &r);
    if (code >= 0)
        return code;
    if (argc - optind != 2) {
        (void)ppx_fail(&error, PPX_E_USAGE,
                       "compare takes two images, not %d: parpix compare a.png b.png",
                       argc - optind);
        return complain(all, &error);
    }
    r.a = argv[optind];
    r.b = argv[optind + 1];
    if (check_request(&r, &error))
        return complain(all, &error);
    return compare_on_first(all, &r);
}
