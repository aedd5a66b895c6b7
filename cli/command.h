// command.h: what the commands share: their list, options, and talk.
//
// Exit codes: 0 success, 1 images differ or verification failed, 2 usage, input or system error.
// Data goes to stdout, talk to stderr, and only rank 0 says anything.
#ifndef PARPIX_COMMAND_H
#define PARPIX_COMMAND_H

#include <getopt.h>

#include "../core/parpix.h"
#include "world.h"

enum { EXIT_SAME = 0, EXIT_DIFFERENT = 1, EXIT_TROUBLE = 2 };

// A command is given its own argv (argv[0] is its name) and returns the exit code.
typedef struct command {
    const char *name, *arguments, *summary;
    const char *example; // a line that can be typed as it stands
    int (*run)(world *all, int argc, char **argv);
} command;

extern const command commands[];
extern const size_t ncommands;

int cmd_list(world *all, int argc, char **argv);
int cmd_info(world *all, int argc, char **argv);
int cmd_gen(world *all, int argc, char **argv);
int cmd_run(world *all, int argc, char **argv);
int cmd_compare(world *all, int argc, char **argv);
int cmd_verify(world *all, int argc, char **argv);
int cmd_bench(world *all, int argc, char **argv);
int cmd_sweep(world *all, int argc, char **argv);
int cmd_report(world *all, int argc, char **argv);
int cmd_lesson(world *all, int argc, char **argv);

// ---- Options: getopt_long's table with a line of help each ----

typedef struct option_help {
    const char *name, *value; // value: "FILE", or NULL for a flag
    int letter;               // its short form, or a number above 255
    const char *help;
} option_help;

enum { OPTIONS_DONE = -1, OPTIONS_HELP = -2, OPTIONS_WRONG = -3 };
// The next option's letter, its value in optarg; options may stand anywhere, operands are moved to
// the end (argv[optind]...). OPTIONS_HELP: --help was printed, return 0. OPTIONS_WRONG: the reason
// (with the nearest option) was printed, return EXIT_TROUBLE. --help and -h need no entry.
int next_option(const world *all, const char *name, int argc, char **argv,
                const option_help *options, size_t noptions);

// All options of a command, each given to `take`. -1: go on with the operands, argv[optind]... Else
// the command ends with that code: 0 after --help, EXIT_TROUBLE after a mistake, which is printed.
int take_options(const world *all, int argc, char **argv, const option_help *options,
                 size_t noptions, ppx_status (*take)(void *request, int letter, ppx_error *error),
                 void *request);

// "4G", "512M", "1e6" are not numbers of threads: whole numbers only, within [least, most].
ppx_status parse_count(const char *what, const char *text, int64_t least, int64_t most,
                       int64_t *value, ppx_error *error);
// With k, M, G (powers of 1000): "--max-pixels 4G".
ppx_status parse_amount(const char *what, const char *text, uint64_t *value, ppx_error *error);
// "1,2,3" into at most `room` numbers.
ppx_status parse_counts(const char *what, const char *text, int64_t least, int64_t most,
                        int *values, size_t room, size_t *n, ppx_error *error);
// "static" (bands of equal height) or "dynamic" (strips dealt out), for --distribute.
ppx_status parse_distribution(const char *text, bool *dealing, ppx_error *error);
// "640x480".
ppx_status parse_size(const char *text, ptrdiff_t *width, ptrdiff_t *height, ppx_error *error);

// ---- Talk ----

// "parpix: text" on stderr, on rank 0 only; returns EXIT_TROUBLE.
int complain(const world *all, const ppx_error *error);
void warn(const world *all, const char *format, ...) __attribute__((format(printf, 2, 3)));

// ---- Threads ----

// Threads that a parallel region really gets, counted inside one.
int threads_delivered(void);
double seconds_now(void);

#endif
