/* An empty folder below TMPDIR for a unit test, one for each program. */
#ifndef PACS_TEST_FOLDER_H
#define PACS_TEST_FOLDER_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static char test_folder[256];

static inline bool
test_folder_make(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(test_folder, sizeof(test_folder), "%s/pacs-unit-XXXXXX",
		 tmp ? tmp : "/tmp");
	return mkdtemp(test_folder) != NULL;
}

static inline bool
test_folder_remove(void)
{
	char command[600];

	snprintf(command, sizeof(command), "chmod -R u+w '%s' && rm -rf '%s'",
		 test_folder, test_folder);
	return system(command) == 0;
}

#endif
