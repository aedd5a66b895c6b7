// parpix.h: the public interface of libparpix.
//
// An image is a stack of strips of PPX_STRIP rows. A chain of kernels runs over it serially or on
// OpenMP threads (and, through libparpix-mpi, on MPI ranks); the result is the same, byte for byte.
//
// Conventions. Functions that can fail return a ppx_status and describe the failure in *error, one
// line that says what, where and what to do. Outputs are empty on failure. The library never
// prints, never exits and never reads the environment. Nothing here is shared between threads
// unless said.
#ifndef PARPIX_H
#define PARPIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PPX_VERSION "0.1.0"

// Rows in a strip. How an image is cut depends on its height alone, never on the workers.
#define PPX_STRIP 64

// ---- Failures -----------------------------------------------------------------------------------

typedef enum ppx_status {
    PPX_OK = 0,
    PPX_E_USAGE,  // the caller asked for something that does not exist or cannot be
    PPX_E_INPUT,  // a file is missing, damaged or of the wrong kind
    PPX_E_SYSTEM, // the system refused: no space, no permission, no such device
    PPX_E_MEMORY, // no memory
} ppx_status;

typedef struct ppx_error {
    ppx_status status;
    char text[480]; // one line without a final full stop or newline
} ppx_error;

// Fills *error (which may be NULL) and returns status, so that callers can `return ppx_fail(...)`.
ppx_status ppx_fail(ppx_error *error, ppx_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// ---- Images -------------------------------------------------------------------------------------

typedef enum ppx_type { PPX_U8, PPX_U16, PPX_U32, PPX_F32 } ppx_type;
enum { PPX_NTYPES = 4, PPX_MAX_CHANNELS = 4 };

// Width and height in pixels, both at least 1. Channels are interleaved: 1 gray, 2 gray and alpha,
// 3 RGB, 4 RGB and alpha.
typedef struct ppx_shape {
    ptrdiff_t width, height;
    int channels;
    ppx_type type;
} ppx_shape;

size_t ppx_type_nbytes(ppx_type type);
const char *ppx_type_name(ppx_type type); // "u8", "u16", "u32", "f32"
// Channels without alpha: 1 of 2, 3 of 4.
int ppx_shape_colours(ppx_shape shape);
size_t ppx_shape_row_nbytes(ppx_shape shape); // samples of one row, without padding
bool ppx_shape_equal(ppx_shape a, ppx_shape b);

typedef struct ppx_image {
    ppx_shape shape;
    ptrdiff_t stride;  // from one row to the next, in bytes
    void *data;        // first sample of row 0
    void *own;         // memory to free, NULL in a view
    size_t own_nbytes; // of that memory
} ppx_image;

// Memory is aligned to 64 bytes, its content undefined; the stride is an odd multiple of 64 bytes
// (multiples of 4096 put the rows of a neighbourhood into the same cache sets).
ppx_status ppx_image_create(ppx_image *image, ppx_shape shape, ppx_error *error);
// Makes an image of another shape, its content undefined, of the memory that the image owns; false
// (and nothing is changed) where that is not enough.
bool ppx_image_reshape(ppx_image *image, ppx_shape shape);
void ppx_image_free(ppx_image *image); // leaves an empty image; views are only emptied
// Rows [y, y + nrows) of an image: shares its memory, never owns it.
ppx_image ppx_image_view(const ppx_image *image, ptrdiff_t y, ptrdiff_t nrows);
// An image over memory of the caller's, stride in bytes.
ppx_image ppx_image_wrap(void *data, ppx_shape shape, ptrdiff_t stride);
void ppx_image_copy(ppx_image *to, const ppx_image *from); // equal shapes
bool ppx_image_equal(const ppx_image *a, const ppx_image *b);

static inline void *ppx_image_row(const ppx_image *image, ptrdiff_t y) {
    return (char *)image->data + y * image->stride;
}

// A checksum of shape and samples (not of padding or stride): 64-bit FNV-1a over the shape and the
// rows' own 64-bit hashes. Begun with the whole image's shape, it goes on with its rows in order.
uint64_t ppx_image_checksum(const ppx_image *image);
uint64_t ppx_checksum_begin(ppx_shape shape);
uint64_t ppx_checksum_rows(uint64_t checksum, const ppx_image *rows);

// ---- Files --------------------------------------------------------------------------------------

typedef struct ppx_read_options {
    uint64_t max_pixels; // refuse more, before memory is taken; 0: PPX_MAX_PIXELS
} ppx_read_options;
#define PPX_MAX_PIXELS ((uint64_t)1 << 30)

typedef struct ppx_write_options {
    int png_level;      // zlib level 1..9 with adaptive filters; 0: the fast default
    const char *format; // "png", "pnm" or "npy"; NULL: by the extension of the path
} ppx_write_options;

// Reads a PNG, PBM/PGM/PPM/PAM or NPY file, recognised by its content; "-" is standard input.
// Samples below 8 bits are scaled to 8; PNM values are scaled from their maxval to 255 or 65535.
// options may be NULL.
ppx_status ppx_image_read(ppx_image *image, const char *path, const ppx_read_options *options,
                          ppx_error *error);
// Writes in the format of the extension; "-" is standard output (PNG unless options say otherwise).
// The file appears under its name whole or not at all. Types that the format cannot hold are an
// error: u32 and f32 need .npy. options may be NULL.
ppx_status ppx_image_write(const ppx_image *image, const char *path,
                           const ppx_write_options *options, ppx_error *error);
// Tells before any work is done whether ppx_image_write could take such an image under that name.
ppx_status ppx_image_writable(ppx_shape shape, const char *path, const ppx_write_options *options,
                              ppx_error *error);

// The same row by row, for images larger than memory. Rows come and go in order; a reader or writer
// belongs to one thread.
typedef struct ppx_reader ppx_reader;
typedef struct ppx_writer ppx_writer;

// Reads the header, and no more; options may be NULL.
ppx_status ppx_reader_open(ppx_reader **reader, const char *path, const ppx_read_options *options,
                           ppx_shape *shape, ppx_error *error);
// The next rows->shape.height rows. An interlaced PNG can only be read at once. The end mark is
// checked with the last row.
ppx_status ppx_reader_rows(ppx_reader *reader, const ppx_image *rows, ppx_error *error);
void ppx_reader_close(ppx_reader *reader);

ppx_status ppx_writer_open(ppx_writer **writer, ppx_shape shape, const char *path,
                           const ppx_write_options *options, ppx_error *error);
ppx_status ppx_writer_rows(ppx_writer *writer, const ppx_image *rows, ppx_error *error);
// With status PPX_OK and all rows written the file appears under its name, otherwise nothing does.
ppx_status ppx_writer_close(ppx_writer *writer, ppx_status status, ppx_error *error);

// A text or table written like an image: whole or not at all, "-" is standard output.
ppx_status ppx_text_write(const char *text, size_t nbytes, const char *path, ppx_error *error);
// A whole small file (at most 1 MiB) as a string; free with ppx_free.
ppx_status ppx_text_read(char **text, const char *path, ppx_error *error);
void ppx_free(void *memory);

// For programs that make many large images one after the other: from now on blocks of 4 MiB and
// more that are freed are kept for the next of the same size, as new pages cost more than most
// filters. What is kept goes back to the system when memory runs out, and when `keep` is false.
// Concerns the whole process; any thread may call it.
void ppx_memory_keep(bool keep);

// ---- Kernels and chains -------------------------------------------------------------------------

// A PPX_FILE is read when the chain is parsed, a PPX_IMAGE when it runs. A PPX_TEXT is for the
// kernel to read.
typedef enum ppx_param_kind {
    PPX_INT,
    PPX_REAL,
    PPX_CHOICE,
    PPX_FILE,
    PPX_IMAGE,
    PPX_TEXT,
} ppx_param_kind;

typedef struct ppx_param {
    const char *key;
    ppx_param_kind kind;
    double least, most;   // of numbers, inclusive
    const char *choices;  // "replicate|reflect|wrap|constant"; "salt:PERCENT" takes a number
    const char *fallback; // as text; NULL: must be given; "": optional
    const char *help;     // with the unit
} ppx_param;

typedef struct ppx_kernel ppx_kernel; // core/kernel.h has the contract for who writes one

size_t ppx_kernel_count(void);
const ppx_kernel *ppx_kernel_at(size_t index); // in the order of `parpix list`
const char *ppx_kernel_name(const ppx_kernel *kernel);
const char *ppx_kernel_summary(const ppx_kernel *kernel);
const char *ppx_kernel_examples(const ppx_kernel *kernel); // specs, separated by spaces
const char *ppx_kernel_pattern(const ppx_kernel *kernel);  // "map", "reduce + map", ...
const ppx_param *ppx_kernel_params(const ppx_kernel *kernel, int *nparams);
bool ppx_kernel_takes(const ppx_kernel *kernel, ppx_type type, int channels);

// Instruction-set levels: the same kernels compiled more than once, with equal results.
int ppx_simd_count(void);
const char *ppx_simd_name(int level); // 0 is "baseline"
bool ppx_simd_usable(int level);      // by this processor
int ppx_simd_level(void);             // the one in use; at start the highest usable
// Chains parsed from then on use that level. Not while another thread parses.
ppx_status ppx_simd_select(const char *name, ppx_error *error);

// The word of a list that is nearest to what was typed, NULL if none is near.
const char *ppx_nearest(const char *typed, const char *const *words, size_t nwords);
// Whole-string numbers: "8x", "" and out-of-range are refused.
bool ppx_parse_int(const char *text, int64_t *value);
bool ppx_parse_real(const char *text, double *value);

typedef struct ppx_chain ppx_chain; // kernels with their parameters, immutable after parsing

// How a chain reads the files that its parameters name (free the text with ppx_free): so that under
// MPI rank 0 reads and the others receive. NULL: ppx_text_read.
typedef ppx_status ppx_text_reader(void *context, char **text, const char *path, ppx_error *error);

// "gaussian:sigma=2+sobel+otsu". Names and keys that do not exist are errors that name the nearest.
ppx_status ppx_chain_parse(ppx_chain **chain, const char *spec, ppx_text_reader *reader,
                           void *context, ppx_error *error);
void ppx_chain_free(ppx_chain *chain);
// The spec with every default written out, for the record.
const char *ppx_chain_text(const ppx_chain *chain);
size_t ppx_chain_length(const ppx_chain *chain);
const ppx_kernel *ppx_chain_kernel(const ppx_chain *chain, size_t index);
// The shape that comes out for that input, or an error that says which kernel refuses it and why.
ppx_status ppx_chain_shape(const ppx_chain *chain, ppx_shape in, ppx_shape *out, ppx_error *error);

// ---- Running ------------------------------------------------------------------------------------

// The rows [y0, y0 + rows.shape.height) of an image that is `height` rows high. A whole image is
// the band y0 = 0, height = rows.shape.height. A worker without rows has rows.shape.height = 0.
typedef struct ppx_band {
    ppx_image rows;
    ptrdiff_t y0, height;
} ppx_band;

ppx_band ppx_band_whole(ppx_image image); // takes over what the image owns

typedef struct ppx_runner ppx_runner;
extern const ppx_runner ppx_runner_serial;
extern const ppx_runner ppx_runner_omp; // threads and schedule as the OpenMP runtime is set

// What a kernel found besides pixels: numbers ("threshold") and tables ("labels", "histogram").
// Pointers are valid during the call.
typedef struct ppx_table {
    const char *title;
    int ncolumns;
    const char *const *columns; // their names
    const bool *whole;          // columns that hold whole numbers
    size_t nrows;
    double (*cell)(const void *data, size_t row, int column);
    const void *data;
} ppx_table;

typedef struct ppx_sink {
    void *context;
    void (*number)(void *context, const char *kernel, const char *key, double value);
    void (*table)(void *context, const char *kernel, const ppx_table *table);
} ppx_sink;

// How a run gets the image that a parameter of kind PPX_IMAGE names: this worker's band of it, or
// the whole of it for every worker, which the run frees. `wanted` is a shape that the kernel will
// accept. Called on every rank, and all must return the same status. NULL: ppx_image_read, which
// does for a single worker.
typedef ppx_status ppx_image_loader(void *context, const char *path, ppx_shape wanted, bool whole,
                                    ppx_band *band, ppx_error *error);

// Where the time went: each worker of a process (worker 0 is its first thread) notes what it did
// from when to when. Without a trace a run pays one test for each strip, with one it reads the
// clock once for each.
typedef enum ppx_phase {
    PPX_PHASE_COMPUTE,  // rows are made, and what is decided between: the useful work
    PPX_PHASE_EXCHANGE, // messages between ranks
    PPX_PHASE_WAIT,     // for other threads or other ranks
    PPX_PHASE_REDUCE,   // what the workers counted is added up
    PPX_PHASE_DECODE,   // of files
    PPX_PHASE_ENCODE,
} ppx_phase;
enum { PPX_NPHASES = 6 };
const char *ppx_phase_name(ppx_phase phase); // "compute"

typedef struct ppx_slice {
    double from, to; // ppx_seconds
    int strip;       // the first one (its number in the image), -1 where it is not about rows
    ppx_phase phase;
} ppx_slice;

typedef struct ppx_trace ppx_trace;

// Keeps at most that many slices of a worker; those after them count in the sums alone.
ppx_status ppx_trace_create(ppx_trace **trace, int nworkers, size_t most_slices, ppx_error *error);
void ppx_trace_free(ppx_trace *trace);
void ppx_trace_clear(ppx_trace *trace); // of all slices
// A slice of a worker that ends now. Workers beyond nworkers are not noted. Each worker has memory
// of its own: several may note at the same time. A NULL trace notes nothing.
void ppx_trace_note(ppx_trace *trace, int worker, ppx_phase phase, double from, ptrdiff_t strip);
int ppx_trace_nworkers(const ppx_trace *trace);
const ppx_slice *ppx_trace_slices(const ppx_trace *trace, int worker, size_t *nslices);
// In all, also of slices that were not kept, and how many those are.
double ppx_trace_seconds(const ppx_trace *trace, int worker, ppx_phase phase);
size_t ppx_trace_lost(const ppx_trace *trace, int worker);

double ppx_seconds(void); // of a clock that all processes of a machine share and that never jumps

typedef struct ppx_run_options {
    int iterations;       // how often the whole chain is applied, 0 means once
    const ppx_sink *sink; // receives the findings of the last iteration, on rank 0; may be NULL
    ppx_image_loader *load;
    void *load_context;
    ppx_trace *trace; // for this process; may be NULL
} ppx_run_options;

typedef struct ppx_run_times {
    double compute, exchange; // seconds of this worker
    // What the steps must read and write at least, of whole images whoever has their bands: input
    // and output of each group of maps that ran as one, of each scan and join, second images; a
    // reduction reads its input.
    double nbytes;
} ppx_run_times;

// Applies the chain to the image in place: *band is replaced by the result, and its memory is freed
// or reused as soon as no step needs it (a view's memory is left alone and unchanged). Maps that
// follow each other run as one, without images between them. Peak memory is the largest sum of one
// such group's input and output, and of the images that parameters name. On failure *band is empty.
// Every rank calls it with its own band; options and times may be NULL.
ppx_status ppx_run(const ppx_chain *chain, const ppx_runner *runner, ppx_band *band,
                   const ppx_run_options *options, ppx_run_times *times, ppx_error *error);

// A run over files that need not fit into memory: rows come in, pass through the chain and go out.
// Maps and reductions only; each reduction reads the input once more from its beginning.
typedef struct ppx_stream {
    const char *input, *output; // output may be NULL
    ppx_read_options read;
    ppx_write_options write;
    uint64_t max_nbytes; // of memory in all; a run that needs more is refused before it begins
    int nworkers;        // threads that the runner will start
    ptrdiff_t chunk;     // rows of output at a time, in whole strips; 0: as memory allows
} ppx_stream;

typedef struct ppx_stream_result {
    ppx_shape in, out;
    uint64_t checksum;              // of the image that came out
    int passes;                     // how often the input was read
    double decode, compute, encode; // seconds
} ppx_stream_result;

// One process: the runner is serial or of threads. Images that parameters name are streamed too.
ppx_status ppx_run_stream(const ppx_chain *chain, const ppx_runner *runner,
                          const ppx_stream *stream, const ppx_run_options *options,
                          ppx_stream_result *result, ppx_error *error);

// ---- Scenes: test images with known answers -----------------------------------------------------

// A pure function of (seed, settings, x, y) in integer arithmetic: any worker makes any rows, and
// the bytes are the same on every machine.
typedef struct ppx_scene ppx_scene;

size_t ppx_scene_count(void);
const char *ppx_scene_name(size_t index);
const char *ppx_scene_summary(size_t index);
const ppx_param *ppx_scene_params(size_t index, int *nparams);
bool ppx_scene_has_truth(size_t index);
bool ppx_scene_has_labels(size_t index);

// settings is "key=value,key=value", or NULL. The scene decides the channels (most are gray).
ppx_status ppx_scene_create(ppx_scene **scene, const char *name, ptrdiff_t width, ptrdiff_t height,
                            uint64_t seed, const char *settings, ppx_error *error);
void ppx_scene_free(ppx_scene *scene);
ppx_shape ppx_scene_shape(const ppx_scene *scene);
// Its name and settings with every default written out, for the record.
const char *ppx_scene_text(const ppx_scene *scene);
// Rows [y0, y0 + image->shape.height) into an image of that width. Threads may share a scene.
void ppx_scene_rows(const ppx_scene *scene, ptrdiff_t y0, ppx_image *image);
// What is known of the scene, as a table ("objects"); false when the scene has no truth.
bool ppx_scene_truth(const ppx_scene *scene, const ppx_sink *sink);
// The true label image (u32, one channel): 0 background, 1.. the objects in the order of the table.
bool ppx_scene_labels(const ppx_scene *scene, ptrdiff_t y0, ppx_image *image);

// Fills an image of any shape with what breaks kernels: noise, runs, plateaus, extremes.
void ppx_awkward_image(ppx_image *image, uint64_t seed);

#ifdef __cplusplus
}
#endif
#endif
