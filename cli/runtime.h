// runtime.h: how the OpenMP runtime is set.
#ifndef PARPIX_RUNTIME_H
#define PARPIX_RUNTIME_H

#include <stdbool.h>

const char *runtime_version(void);           // of OpenMP: "4.5"
const char *runtime_schedule(char text[40]); // in force: "dynamic,2"
const char *runtime_binding(void);           // in force: "false", "close", ...
// Is VARIABLE=VALUE one that changes how threads run, or one of our own?
bool runtime_reads(const char *variable);

#endif
