#include "../core/parpix.h"
ppx_status ppx_text_read(char **text, const char *path, ppx_error *error) { *text = NULL; return ppx_fail(error, PPX_E_INPUT, "%s: not yet", path); }
