/*
 * The time, in UTC. Thread-safe; nothing fails.
 */
#ifndef PACS_BASE_CLOCK_H
#define PACS_BASE_CLOCK_H

#include <stdint.h>

#define PACS_TIME_SIZE 28 /* "2026-11-24T07:00:00.123456Z" and the NUL */

/* In the form of PACS_TIME_SIZE: now; and a time in microseconds. One outside
 * of the years 0 to 9999 is written as the beginning of year 1. */
void pacs_time_now(char buf[PACS_TIME_SIZE]);
void pacs_time_format(int64_t us_since_1970, char buf[PACS_TIME_SIZE]);
int64_t pacs_time_us(void);       /* microseconds since 1970, UTC */
uint64_t pacs_time_mono_ms(void); /* for waits; starts anywhere */

#endif
