/* clock.h - the clocks. Delays inside a process are monotonic (now_ms); what is told to others is Unix time. Code
 * that a test drives takes its time as an argument instead. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_mono_ms(void); /* CLOCK_MONOTONIC, milliseconds */
int64_t clock_unix_ms(void); /* CLOCK_REALTIME, milliseconds since 1970 UTC */
int64_t clock_thread_ms(void); /* CPU time of this thread: for limits of work that must not depend on what else runs */

#endif
