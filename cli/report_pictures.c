// report_pictures.c: the images that the serial run and the parallel one made, embedded: with a
// slider between them, enlarged, and their difference.
//
// A picture is a background in the page's style, so that two equal ones are stored once. Views are
// radio buttons and rules of style, the difference a blend mode: none of it needs a script but
// moving the slider.
#include <string.h>

#include "report.h"

// Nothing but base64, and beginning like a PNG file.
static bool is_png(const char *text) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    return text && strncmp(text, "iVBORw0KGgo", 11) == 0 && text[strspn(text, letters)] == '\0';
}

static void put_view(FILE *out, size_t number, const char *name, const char *value, bool is_first) {
    (void)fprintf(out,
                  "<input type='radio' name='%s%zu' class='%s-%s' id='%s%zu-%s'%s><label "
                  "for='%s%zu-%s'>%s</label>",
                  name, number, name, value, name, number, value, is_first ? " checked" : "", name,
                  number, value, value);
}

static void put_picture(FILE *out, const json_t *picture, size_t number, const char *serial,
                        const char *parallel) {
    bool same = strcmp(serial, parallel) == 0;
    bool equal = json_is_true(json_object_get(picture, "equal"));
    double width = json_figure(picture, "width", 1), height = json_figure(picture, "height", 1);
    (void)fprintf(out, "<style>.a%zu", number);
    if (same)
        (void)fprintf(out, ",.b%zu", number);
    (void)fprintf(out, "{background-image:url(data:image/png;base64,%s)}", serial);
    if (!same)
        (void)fprintf(out, ".b%zu{background-image:url(data:image/png;base64,%s)}", number,
                      parallel);
    (void)fputs("</style><figure class='compare'><figcaption><code>", out);
    put_text(out, json_words(picture, "chain", ""));
    (void)fprintf(out, "</code> serial and ");
    put_text(out, json_words(picture, "parallel", "parallel"));
    (void)fprintf(
        out, ": <b class='%s'>%s</b>, shown at %.0f \u00d7 %.0f</figcaption><div class='views'>",
        equal ? "good" : "bad", equal ? "equal in every byte" : "different", width, height);
    static const char *const views[] = {"slider", "serial", "parallel", "difference"};
    static const char *const zooms[] = {"1\u00d7", "2\u00d7", "4\u00d7", "8\u00d7"};
    for (size_t k = 0; k < 4; k++)
        put_view(out, number, "view", views[k], k == 0);
    (void)fputs("<br>", out);
    for (size_t k = 0; k < 4; k++)
        put_view(out, number, "zoom", zooms[k], k == 0);
    (void)fprintf(
        out,
        "<input type='range' min='0' max='100' value='50' class='slide' aria-label='border "
        "between serial and parallel'><div class='frame' tabindex='0' role='group' "
        "aria-label='images, scrolled when enlarged'><div class='stage' "
        "style='aspect-ratio:%.0f/%.0f'><div class='pic a%zu' role='img' aria-label='made "
        "by the serial run'></div><div class='pic over b%zu' role='img' aria-label='made by "
        "the parallel run'></div></div></div></div></figure>",
        width, height, number, number);
}

// One picture: written, or counted as left out. Returns the characters that it took.
static size_t try_picture(FILE *out, const json_t *picture, size_t number, size_t room) {
    const char *serial = json_words(picture, "serial_png", NULL);
    const char *parallel = json_words(picture, "parallel_png", NULL);
    if (!is_png(serial) || !is_png(parallel))
        return 0;
    size_t nbytes = strlen(serial) + (strcmp(serial, parallel) != 0 ? strlen(parallel) : 0);
    if (nbytes > room)
        return 0;
    put_picture(out, picture, number, serial, parallel);
    return nbytes;
}

void section_pictures(FILE *out, const report *r) {
    size_t shown = 0, left_out = 0, used = 0;
    (void)fputs("<section id='pictures'><h2>Output images</h2>", out);
    for (int equal = 0; equal < 2; equal++) // what differs must not lack room
        for (size_t k = 0; k < r->nfiles; k++) {
            const json_t *pictures = json_object_get(r->files[k].json, "pictures");
            for (size_t j = 0; j < json_array_size(pictures); j++) {
                const json_t *picture = json_array_get(pictures, j);
                if (json_is_true(json_object_get(picture, "equal")) != equal)
                    continue;
                size_t took = try_picture(out, picture, shown, r->picture_room - used);
                used += took;
                shown += took > 0;
                left_out += took == 0;
            }
        }
    if (shown)
        (void)fputs("<p>On the left of the slider is the serial run's image, on the right the "
                    "parallel one's. The difference is shown 16 times as bright: black is equal. "
                    "Equal or not is said of the whole images, not of these reductions.</p>",
                    out);
    if (left_out)
        (void)fprintf(out,
                      "<p class='none'>%zu more %s not shown: not PNG, or too large for this "
                      "page.</p>",
                      left_out, left_out > 1 ? "are" : "is");
    if (!shown && !left_out)
        (void)fputs("<p class='none'>These records have no images.</p>", out);
    (void)fputs("</section>\n", out);
}
