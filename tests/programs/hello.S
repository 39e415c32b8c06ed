# The UART's transmitter, waiting for it each time.
#include "common.h"
    start
    print "hello from the core\n"
    finish
