/*
 * DA, TM and DT values (PS3.5 Table 6.2-1) as ranges of time.
 *
 * A partial value ("202401", "0930") stands for the span it leaves open. The
 * forms of ACR-NEMA ("2024.01.31", "09:30:00") are read, never written.
 */
#ifndef PACS_DICOM_DATE_H
#define PACS_DICOM_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "YYYYMMDD" or "YYYY.MM.DD" -> YYYYMMDD as 8 digits in buf[9]. False if it
 * is no date (month 13, 30 February). Trailing spaces and NULs are fine, here
 * and below. */
bool pacs_date_normal(const char *s, size_t len, char *buf);
/* Days since 1970-01-01 of a normal date (0 if it is none), and back; days
 * outside of the years 0000 to 9999 give the first or last of them. */
int64_t pacs_date_to_days(const char *yyyymmdd);
void pacs_date_from_days(int64_t days, char *buf);

/* "HH[MM[SS[.F{1,6}]]]" or "HH:MM:SS.F" -> first and last microsecond of the
 * day that it covers ("09" covers 09:00:00.000000 to 09:59:59.999999). Second
 * 60 is accepted. */
bool pacs_time_range(const char *s, size_t len, int64_t *ret_first_us,
		     int64_t *ret_last_us);

/* DT "YYYY[MM[DD[HH[MM[SS[.F]]]]]][&ZZXX]" -> first and last microsecond since
 * 1970-01-01 UTC. Without an offset zone_s (seconds east of UTC) is used. */
bool pacs_datetime_range(const char *s, size_t len, int32_t zone_s,
			 int64_t *ret_first_us, int64_t *ret_last_us);

#endif
