/*
 * Header reading, timed: bench-header [-r ROUNDS] FILE...
 *
 * Opens each file, reads it up to pixel data, looks up a UID and closes it:
 * once, and then ROUNDS times (default 0), printing the microseconds per file
 * of each round. Exit status 1 if a file could not be read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dicom/dataset.h"

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* All files once; how many had a SOP Instance UID. */
static int
round_of(char **files, int count)
{
	struct pacs_read_options opts = {.stop_tag = PACS_TAG_PixelData};
	char uid[PACS_UID_MAX + 1];
	int i, found = 0;

	for (i = 0; i < count; i++) {
		struct pacs_error err = PACS_ERROR_INIT;
		struct pacs_dataset *ds;

		if (pacs_dataset_read_file(&err, files[i], &opts, &ds)) {
			fprintf(stderr, "bench-header: %s\n", err.msg);
			continue;
		}
		found +=
		    pacs_item_uid(pacs_dataset_root(ds),
				  PACS_TAG_SOPInstanceUID, uid, sizeof(uid));
		pacs_dataset_free(ds);
	}
	return found;
}

int
main(int argc, char **argv)
{
	int rounds = 0, c, i;

	while ((c = getopt(argc, argv, "r:")) != -1) {
		if (c != 'r')
			return 2;
		rounds = atoi(optarg);
	}
	argv += optind;
	argc -= optind;
	if (argc < 1)
		return 2;
	if (round_of(argv, argc) != argc)
		return 1;
	for (i = 0; i < rounds; i++) {
		double start = now();

		if (round_of(argv, argc) != argc)
			return 1;
		printf("%.3f\n", (now() - start) * 1e6 / argc);
	}
	return 0;
}
