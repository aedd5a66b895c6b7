// built.c: how this program was made. The one object that is compiled anew after each commit.
#include "built.h"

#include <stddef.h>

const char *built_compiler(void) {
#ifdef __clang__
    return __VERSION__; // it says its name
#else
    return "gcc " __VERSION__;
#endif
}

const char *built_flags(void) {
    return PPX_BUILD_FLAGS;
}

const char *built_commit(void) {
    static const char commit[] = PPX_BUILD_COMMIT;
    return *commit ? commit : NULL;
}
