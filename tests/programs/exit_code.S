# exit: 42
# The exit device carries a code.
#include "common.h"
    start
    print "leaving with 42\n"
    finish_with 42
