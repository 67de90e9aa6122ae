/*
 * The time, in UTC.
 */
#ifndef PACS_BASE_CLOCK_H
#define PACS_BASE_CLOCK_H

#include <stdint.h>

#define PACS_TIME_SIZE 28 /* "2026-11-24T07:00:00.123456Z" and the NUL */

void pacs_time_now(char buf[PACS_TIME_SIZE]);
void pacs_time_format(int64_t us_since_1970, char buf[PACS_TIME_SIZE]);
int64_t pacs_time_us(void);       /* microseconds since 1970, UTC */
uint64_t pacs_time_mono_ms(void); /* for waits; starts anywhere */

#endif
