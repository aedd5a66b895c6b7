// report_page.c: the page: its style, its one small script, and the order of its sections.
//
// One file that needs nothing else: the policy in its head forbids every load but pictures that it
// carries, and every script but the one below, by its hash. Colours are those of Okabe and Ito
// (2008), which people with any colour vision tell apart, and lines differ by their marks as well.
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <time.h>

#include "report.h"

enum { MOST_NBYTES = 960000, SLACK = 20000 }; // below a megabyte

static const char colours[] =
    ":root{--bg:#fff;--ink:#1b1f24;--soft:#57606a;--rule:#d6dade;--pale:#f4f6f8;--s1:#0072b2;"
    "--s2:#d55e00;--s3:#009e73;--s4:#b0578d;--fit:#1b1f24;--good:#00664a;--bad:#a33c00;"
    "--p0:#0072b2;--p1:#d55e00;--p2:#c3c9d0;--p3:#cc79a7;--p4:#f0e442;--p5:#009e73;--p6:#1b1f24;"
    "--h0:#f1f6fa;--h1:#d3e5f1;--h2:#a9cde4;--h3:#73aed4;--h4:#2f86bd;--h5:#00598c;"
    "color-scheme:light dark}"
    "@media(prefers-color-scheme:dark){:root{--bg:#14171a;--ink:#e6e8ea;--soft:#9aa4ae;"
    "--rule:#343a41;--pale:#1d2125;--s1:#56b4e9;--s2:#e69f00;--s3:#1fbf8f;--s4:#d992ba;"
    "--fit:#e6e8ea;--good:#3ccf9f;--bad:#f0913a;--p0:#56b4e9;--p1:#d55e00;--p2:#49515a;"
    "--p3:#cc79a7;--p4:#f0e442;--p5:#009e73;--p6:#e6e8ea;--h0:#1c252c;--h1:#1c3a4e;--h2:#1b506f;--"
    "h3:#226a93;"
    "--h4:#3a91c4;--h5:#7cc6ef}}";
static const char layout[] =
    "*{box-sizing:border-box}html{-webkit-text-size-adjust:100%}"
    "body{margin:0 auto;max-width:1080px;padding:24px 16px 64px;background:var(--bg);"
    "color:var(--ink);font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',"
    "'DejaVu Sans',sans-serif;overflow-wrap:break-word}"
    "h1{font-size:1.7rem;line-height:1.2;margin:0 0 4px}h2{font-size:1.25rem;margin:48px 0 8px;"
    "padding-top:12px;border-top:1px solid var(--rule)}h3{font-size:1rem;margin:0 0 6px}"
    "p{margin:6px 0;max-width:46em}small,.none,header p{color:var(--soft)}small{font-weight:400}"
    "a{color:var(--s1)}nav{margin:12px 0;line-height:2}nav a{margin-right:14px;white-space:nowrap}"
    "code,pre{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:.9em}"
    "pre{background:var(--pale);padding:8px 10px;margin:8px 0 0;white-space:pre-wrap;"
    "overflow-wrap:anywhere}.whole{white-space:nowrap}.raw{max-height:60vh;overflow:auto;font-size:"
    ".75em}"
    ".good{color:var(--good)}.bad{color:var(--bad)}.lead{font-size:1.1rem}"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));"
    "gap:12px 28px}article{padding:12px 0;min-width:0}"
    "figure{margin:20px 0;min-width:0}figcaption{font-weight:600;margin-bottom:6px}"
    "figcaption code,h3 code{font-size:1em}"
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));"
    "gap:8px 28px;align-items:start}.pair>svg{width:100%;max-width:560px;height:auto;display:block}"
    "svg text{font-size:12px;fill:var(--ink)}svg .tick{fill:var(--soft)}svg "
    ".title{fill:var(--soft)}"
    "svg .mid{text-anchor:middle}svg .end{text-anchor:end}"
    ".grid,.axis{stroke:var(--rule);fill:none}.axis{stroke:var(--soft)}"
    ".line{fill:none;stroke-width:1.8}.roof{--c:var(--ink)}.lead{fill:none}svg "
    ".lead{stroke:var(--soft);stroke-dasharray:1 3}"
    ".s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}.ideal{--c:var(--soft)"
    "}"
    ".fit{--c:var(--fit)}.line{stroke:var(--c)}.ideal.line{stroke-width:1.2}"
    ".dashed{stroke-dasharray:6 4;stroke-width:1.5}.full{fill:var(--c);stroke:none}"
    ".hollow{fill:var(--bg);stroke:var(--c);stroke-width:1.6}"
    ".p0{fill:var(--p0)}.p1{fill:var(--p1)}.p2{fill:var(--p2)}.p3{fill:var(--p3)}.p4{fill:var(--p4)"
    "}"
    ".p5{fill:var(--p5)}.p6{fill:var(--p6)}"
    ".bar{display:grid;grid-template-columns:minmax(9em,15em) 1fr "
    "3.2em;gap:10px;align-items:center;"
    "font-size:.85rem;margin:3px 0}.bar svg{width:100%;height:16px;display:block}.bar b{"
    "text-align:right;font-variant-numeric:tabular-nums;font-weight:600}.bar "
    "span{color:var(--soft)}"
    ".times .bar{grid-template-columns:minmax(7em,10em) 1fr 1.5em}.dense .bar{margin:1px "
    "0;line-height:1}.dense .bar svg{height:9px}.dense .bar>span{font-size:.68rem}.scale "
    "div{position:relative;"
    "height:1.6em;border-top:1px solid var(--soft)}.scale i{position:absolute;top:2px;"
    "transform:translateX(-50%);font-style:normal;color:var(--soft);white-space:nowrap}"
    ".scale i:first-child{transform:none}"
    ".key span{white-space:nowrap;margin-right:14px;font-size:.85rem}.key "
    "svg{width:10px;height:10px;"
    "margin-right:5px}";
static const char parts[] =
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;"
    "font-variant-numeric:tabular-nums}th,td{padding:4px 10px;text-align:right;white-space:nowrap;"
    "border-bottom:1px solid var(--rule)}th{font-weight:600}.numbers td:first-child,"
    ".numbers th:first-child{text-align:left}.numbers thead "
    "th{white-space:normal;min-width:4.5em;color:var(--soft);"
    "font-weight:500;vertical-align:bottom}.group th{padding-top:16px;text-align:left}.group "
    "span{position:sticky;left:0}.low{color:var(--bad);font-weight:600}"
    ".heat td{text-align:center;min-width:64px;border:2px solid var(--bg);line-height:1.2}"
    ".heat small{display:block;color:inherit;opacity:.85}.heat th{border:0;color:var(--soft);"
    "text-align:center}.h0{background:var(--h0)}.h1{background:var(--h1)}.h2{background:var(--h2)}"
    ".h3{background:var(--h3)}.h4{background:var(--h4);color:#fff}.h5{background:var(--h5);color:#"
    "fff}"
    "@media(prefers-color-scheme:dark){.h4,.h5{color:#0b0d0f}}"
    "@media(prefers-color-scheme:light){.h3{color:#0b0d0f}}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 14px;margin:8px 0}"
    "dt{color:var(--soft)}dd{margin:0;min-width:0;overflow-wrap:anywhere}.context{font-size:.85rem}"
    ".views{margin:6px 0}.views label{padding:2px 10px 2px 4px;font-size:.85rem}"
    ".slide{display:block;width:100%;max-width:640px;margin:6px 0;accent-color:var(--s1)}"
    ".frame{max-width:640px;max-height:640px;overflow:auto;background:#000}"
    ".stage{position:relative;isolation:isolate;width:100%;background:#000}"
    ".pic{position:absolute;inset:0;background-size:100% 100%;image-rendering:pixelated}"
    ".over{clip-path:inset(0 0 0 var(--cut,50%))}"
    ".view-serial:checked~.frame .over{display:none}"
    ".view-parallel:checked~.frame .over{clip-path:none}"
    ".view-difference:checked~.frame .over{clip-path:none;mix-blend-mode:difference}"
    ".view-difference:checked~.frame .stage{filter:brightness(16)}"
    ".views:has(.view-slider:not(:checked)) .slide{visibility:hidden}"
    ".zoom-2\u00d7:checked~.frame .stage{width:200%}.zoom-4\u00d7:checked~.frame .stage{width:400%}"
    ".zoom-8\u00d7:checked~.frame .stage{width:800%}"
    ":focus-visible{outline:2px solid var(--s1);outline-offset:2px}"
    "@media(max-width:600px){svg text{font-size:13px}.bar{grid-template-columns:1fr 3.4em;gap:2px "
    "8px}"
    ".bar span{grid-column:1/-1}.times .bar{grid-template-columns:8.6em 1fr "
    "2.4em;font-size:.72rem}.bar span{white-space:nowrap}"
    ".times .bar span{grid-column:auto}dl{grid-template-columns:1fr}dd{margin-bottom:6px}}"
    "@media print{nav{display:none}body{max-width:none}}";

// Its hash stands in the page's policy: `printf %s SCRIPT | openssl sha256 -binary | base64`.
static const char script[] =
    "for(const s of document.querySelectorAll('.slide'))s.addEventListener('input',()=>"
    "s.parentNode.querySelector('.stage').style.setProperty('--cut',s.value+'%'))";
static const char script_hash[] = "43bmBM5qnqSsDcxh4qUbS3zbXjimmsX3rrAwLu6gxfk=";

static const struct {
    const char *id, *name;
    void (*put)(FILE *out, const report *r);
} sections[] = {
    {"verdict", "Verdict", section_verdict},
    {"speed", "Speed-up", section_speed},
    {"laws", "Laws", section_laws},
    {"weak", "Weak scaling", section_weak},
    {"phases", "Phases", section_phases},
    {"pop", "POP", section_pop},
    {"heat", "Ranks and threads", section_heat},
    {"roofline", "Roofline", section_roofline},
    {"timeline", "Time lines", section_timeline},
    {"pictures", "Images", section_pictures},
    {"numbers", "Numbers", section_numbers},
    {"context", "Context", section_context},
};
enum { NSECTIONS = sizeof sections / sizeof *sections };

static void put_head(FILE *out, const report *r, const report_comparison *c) {
    (void)fprintf(
        out,
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><meta "
        "name='viewport' content='width=device-width,initial-scale=1'><meta "
        "http-equiv='Content-Security-Policy' content=\"default-src 'none'; img-src data:; "
        "style-src 'unsafe-inline'; script-src 'sha256-%s'\"><meta name='color-scheme' "
        "content='light dark'><title>parpix report</title><style>%s%s%s</style></head>\n<body>"
        "<header><h1>parpix report</h1><p>",
        script_hash, colours, layout, parts);
    for (size_t k = 0; k < r->nfiles; k++) {
        (void)fputs(k ? ", <code>" : "<code>", out);
        put_text(out, r->files[k].path);
        (void)fputs("</code>", out);
    }
    const json_t *first = r->benches[0], *context = json_object_get(first, "context");
    const char *cpu = json_words(context, "cpu", "");
    (void)fputs("<br>", out);
    put_text(out, json_words(first, "date", json_words(context, "date", "")));
    (void)fputs(" on ", out);
    put_text(out,
             json_words(first, "host", json_words(context, "host", "a machine without a name")));
    (void)fputs(*cpu ? ", " : "", out);
    put_text(out, cpu);
    if (json_figure(context, "cpus", 0) > 0)
        (void)fprintf(out, ", %.0f CPUs", json_figure(context, "cpus", 0));
    (void)fputs("</p><nav aria-label='Sections'>", out);
    for (size_t k = 0; k < NSECTIONS; k++) {
        (void)fprintf(out, "<a href='#%s'>%s</a>", sections[k].id, sections[k].name);
        if (k == 0 && c)
            (void)fputs("<a href='#changes'>Baseline</a>", out);
    }
    (void)fputs("<a href='#raw'>Records</a></nav></header>\n<main>", out);
}

static ppx_status put_page(FILE *out, const report *r, const report_comparison *c,
                           ppx_error *error) {
    put_head(out, r, c);
    for (size_t k = 0; k < NSECTIONS; k++) {
        sections[k].put(out, r);
        if (k == 0 && c)
            section_changes(out, c);
    }
    long used = ftell(out);
    size_t room = used > 0 && used < MOST_NBYTES ? MOST_NBYTES - (size_t)used : 0;
    ppx_status status = section_raw(out, r, room, error);
    (void)fprintf(out, "</main><script>%s</script></body></html>\n", script);
    return status;
}

// What is large gets less room until the page is small enough, or has none of it.
ppx_status report_write_page(report *r, const report_comparison *c, const char *path,
                             ppx_error *error) {
    char *text = NULL;
    size_t nbytes = 0;
    ppx_status status = PPX_OK;
    r->picture_room = 560000;
    r->timeline_room = 200000;
    for (int turn = 0; !status && turn < 4; turn++) {
        free(text);
        text = NULL;
        FILE *out = open_memstream(&text, &nbytes);
        if (!out)
            return ppx_fail(error, PPX_E_MEMORY, "no memory for a page");
        status = put_page(out, r, c, error);
        if (fclose(out) != 0 && !status)
            status = ppx_fail(error, PPX_E_MEMORY, "no memory for a page");
        if (nbytes < MOST_NBYTES + SLACK)
            break;
        r->picture_room = turn < 1 ? r->picture_room / 3 : 0;
        r->timeline_room = turn < 1 ? r->timeline_room / 3 : 0;
        r->is_terse = turn >= 2;
    }
    if (!status)
        status = ppx_text_write(text, nbytes, path, error);
    free(text);
    return status;
}
