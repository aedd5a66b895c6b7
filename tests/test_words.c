// test_words.c: numbers as typed, the word that was meant, and what chains are refused for.
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void test_whole_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},
                {"8", 8},
                {"-8", -8},
                {"+8", 8},
                {"08", 8},
                {"-0", 0},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
        int64_t value = 99;
        assert_true(ppx_parse_int(good[k].text, &value));
        assert_true(value == good[k].value);
    }
    static const char *const bad[] = {"",
                                      " ",
                                      "8x",
                                      "x8",
                                      " 8",
                                      "8 ",
                                      "8.0",
                                      "1e3",
                                      "0x10",
                                      "--8",
                                      "+-8",
                                      "+",
                                      "-",
                                      "9223372036854775808",
                                      "\t8",
                                      "8\n",
                                      "-9223372036854775809",
                                      "1,2"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        int64_t value;
        if (ppx_parse_int(bad[k], &value))
            fail_msg("\"%s\" was taken for a whole number", bad[k]);
    }
}

static void test_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0},  {"1.5", 1.5},  {"-1.5", -1.5}, {"+2", 2},    {".5", 0.5},
                {"5.", 5}, {"1e3", 1000}, {"1E-3", 1e-3}, {"0x10", 16}, {"1e308", 1e308}};
    for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
        double value = 99;
        assert_true(ppx_parse_real(good[k].text, &value));
        assert_true(value >= good[k].value && value <= good[k].value);
    }
    static const char *const bad[] = {"",    " ",     "1.5x", "x1.5", " 1.5", "1.5 ",
                                      "1,5", "nan",   "NaN",  "inf",  "-inf", "infinity",
                                      "1e",  "1e400", ".",    "--1.5"};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        double value;
        if (ppx_parse_real(bad[k], &value))
            fail_msg("\"%s\" was taken for a number", bad[k]);
    }
}

static void test_nearest(void **state) {
    (void)state;
    static const char *const words[] = {"gaussian", "median", "sobel", "threshold",
                                        "erode",    "open",   "ry"};
    static const struct {
        const char *typed, *meant;
    } cases[] = {
        {"gausian", "gaussian"},   // a letter missing
        {"meddian", "median"},     // one too many
        {"sobol", "sobel"},        // another one
        {"treshold", "threshold"}, // missing at the beginning
        {"yr", "ry"},              // two swapped
        {"gau", "gaussian"},       // the beginning
        {"thresh", "threshold"},
        {"sobel", "sobel"},
        {"xyzzy", NULL},
        {"", NULL},
        {"a-word-that-is-much-longer-than-any-table-of-distances", NULL},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const char *got = ppx_nearest(cases[k].typed, words, sizeof words / sizeof *words);
        if ((got == NULL) != (cases[k].meant == NULL) || (got && strcmp(got, cases[k].meant) != 0))
            fail_msg("\"%s\" is near to \"%s\"", cases[k].typed, got ? got : "nothing");
    }
    assert_null(ppx_nearest("sobel", words, 0));
    assert_ptr_equal(ppx_nearest("sobl", words, 3), words[2]); // one of the list, not a copy
}

// ---- Chains -------------------------------------------------------------------------------------

static void expect_refused(const char *spec, const char *says) {
    ppx_error error = {0};
    ppx_chain *chain = (ppx_chain *)(uintptr_t)&error; // must be emptied
    ppx_status status = ppx_chain_parse(&chain, spec, NULL, NULL, &error);
    assert_null(chain);
    assert_int_equal(status, error.status);
    if (status != PPX_E_USAGE || !strstr(error.text, says))
        fail_msg("\"%s\" should be refused with \"%s\", but: \"%s\"", spec, says, error.text);
    assert_null(strchr(error.text, '\n'));
}

static void test_refused_chains(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "a kernel name is missing"},
        {"+", "a kernel name is missing"},
        {"invert+", "a kernel name is missing"},
        {"+invert", "a kernel name is missing"},
        {"invert++invert", "a kernel name is missing"},
        {":t=1", "a kernel name is missing"},
        {"invrt", "did you mean \"invert\"?"},
        {"gray+treshold:t=5", "no kernel \"treshold\"; did you mean \"threshold\"?"},
        {"Invert", "did you mean \"invert\"?"},
        {" invert", "no kernel \" invert\""},
        {"qqqqqqqqqq", "`parpix list` names them all"},
        {"threshold", "threshold needs t="},
        {"threshold:", "\"\" is not key=value"},
        {"threshold:t", "\"t\" is not key=value"},
        {"threshold:t=", "\"\" is not a number"},
        {"threshold:t=8x", "\"8x\" is not a number"},
        {"threshold:t=nan", "is not a number"},
        {"threshold:t=-1", "out of range: 0 to"},
        {"threshold:t=1e9", "out of range"},
        {"threshold:t=5,", "\"\" is not key=value"},
        {"threshold:t=5,t=6", "t is given twice"},
        {"threshold:level=5", "threshold has no parameter \"level\""},
        {"invert:t=5", "invert has no parameter \"t\"; it takes none"},
        {"threshold:t=5:t=6", "is not a number"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        expect_refused(cases[k][0], cases[k][1]);
}

// A name of any length gives one line, whole or cut.
static void test_long_names(void **state) {
    (void)state;
    static char spec[5000];
    memset(spec, 'a', sizeof spec - 1);
    expect_refused(spec, "no kernel \"aaaa");
    memcpy(spec, "threshold:", 10);
    expect_refused(spec, "threshold: \"aaaa");
    memcpy(spec, "threshold:t=", 12);
    expect_refused(spec, "threshold:t=aaaa");
}

// Every parameter of every kernel refuses what it cannot be.
static void test_each_parameter(void **state) {
    (void)state;
    int nchecked = 0;
    for (size_t k = 0; k < ppx_kernel_count(); k++) {
        const char *name = ppx_kernel_name(ppx_kernel_at(k));
        int nparams;
        const ppx_param *params = ppx_kernel_params(ppx_kernel_at(k), &nparams);
        for (int p = 0; p < nparams; p++) {
            char spec[400], says[200]; // the largest float has 39 digits
            const char *key = params[p].key;
            if (params[p].kind >= PPX_FILE)
                continue;
            nchecked++;
            (void)snprintf(spec, sizeof spec, "%s:%s=8x", name, key);
            (void)snprintf(says, sizeof says, "%s:%s=8x: ", name, key);
            expect_refused(spec, says);
            if (params[p].kind == PPX_CHOICE) {
                expect_refused(spec, params[p].choices);
                continue;
            }
            (void)snprintf(spec, sizeof spec, "%s:%s=%.0f", name, key,
                           floor(params[p].least) - fmax(1, fabs(params[p].least)));
            expect_refused(spec, "out of range");
            (void)snprintf(spec, sizeof spec, "%s:%s=%.0f", name, key,
                           ceil(params[p].most) + fmax(1, fabs(params[p].most)));
            expect_refused(spec, "out of range");
            (void)snprintf(spec, sizeof spec, "%s:%sx=1", name, key);
            expect_refused(spec, "has no parameter");
        }
    }
    assert_true(nchecked > 0);
}

static void test_good_chains(void **state) {
    (void)state;
    ppx_chain *chain;
    assert_int_equal(ppx_chain_parse(&chain, "gray+threshold:t=1e2+invert", NULL, NULL, NULL),
                     PPX_OK);
    assert_int_equal(ppx_chain_length(chain), 3);
    assert_string_equal(ppx_kernel_name(ppx_chain_kernel(chain, 1)), "threshold");
    assert_string_equal(ppx_chain_text(chain), "gray+threshold:t=1e2+invert");
    ppx_shape in = test_shape(7, 5, 3, PPX_U8), out;
    assert_int_equal(ppx_chain_shape(chain, in, &out, NULL), PPX_OK);
    assert_true(ppx_shape_equal(out, test_shape(7, 5, 1, PPX_U8)));
    ppx_error error;
    in.type = PPX_U32;
    assert_int_equal(ppx_chain_shape(chain, in, &out, &error), PPX_E_USAGE);
    assert_non_null(strstr(error.text, "gray takes u8, u16, f32"));
    ppx_chain_free(chain);
    ppx_chain_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_numbers), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_nearest),       cmocka_unit_test(test_refused_chains),
        cmocka_unit_test(test_long_names),    cmocka_unit_test(test_each_parameter),
        cmocka_unit_test(test_good_chains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
