/*
 * Values of options that several programs share.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

uint64_t
cli_time_ms(const char *s)
{
	char *end;
	double v = strtod(s, &end), unit = 1;

	if (end != s && *end && !end[1])
		switch (*end++) {
		case 's':
			break;
		case 'm':
			unit = 60;
			break;
		case 'h':
			unit = 3600;
			break;
		default:
			end = (char *)s;
		}
	if (end == s || *end || !(v > 0) || v * unit > 1e9)
		cli_usage("'%s' is no time: 90, 30m, 2h", s);
	return (uint64_t)(v * unit * 1000);
}

unsigned
cli_part_ppm(const char *s)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || strcmp(end, "%") != 0 || !(v > 0) || v > 100)
		cli_usage("'%s' is no part: 1%%, 0.1%%", s);
	return (unsigned)(v * 10000 + 0.5) ? (unsigned)(v * 10000 + 0.5) : 1;
}
