// built.h: how this program was made.
#ifndef PARPIX_BUILT_H
#define PARPIX_BUILT_H

const char *built_compiler(void); // "gcc 12.2.0"
const char *built_flags(void);
const char *built_commit(void); // "0123abcd...", with "-dirty" after changes; NULL: not a checkout

#endif
