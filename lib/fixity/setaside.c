/*
 * Quarantine: what the ledger says was set aside must be there and whole.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "fixity/internal.h"

enum { WORD = PACS_SHA256_HEX + 2 }; /* "<digest> +\n" */

static void
check_one(struct run *run, const char *sha256)
{
	char path[PACS_SHA256_HEX + 16], have[PACS_SHA256_HEX];
	struct pacs_error err = PACS_ERROR_INIT;
	uint64_t size = 0;
	int fd;

	snprintf(path, sizeof(path), "quarantine/%s.dcm", sha256);
	if (pacs_file_open(&err, pacs_archive_dirfd(run->ar), path, &fd,
			   &size)) {
		run_finding(run,
			    err.code == PACS_ENOTFOUND ? PACS_FAULT_QUARANTINE
						       : PACS_FAULT_UNREADABLE,
			    path, sha256,
			    err.code == PACS_ENOTFOUND ? "" : err.msg);
		return;
	}
	if (!run->opts->quick) {
		if (pacs_sha256_fd(&err, fd, have, &size))
			run_finding(run, PACS_FAULT_UNREADABLE, path, sha256,
				    err.msg);
		else if (strcmp(have, sha256) != 0)
			run_finding(run, PACS_FAULT_QUARANTINE, path, sha256,
				    have);
		run_read(run, 0, size);
	}
	close(fd);
}

/* Words are in ledger order; the last one about a digest counts. A sort that
 * keeps that order brings them together. */
struct word {
	const char *text;
	size_t order;
};

static int
by_digest(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	int c = memcmp(x->text, y->text, PACS_SHA256_HEX - 1);

	return c ? c : x->order < y->order ? -1 : x->order > y->order;
}

void
quarantine_check(struct run *run)
{
	size_t i, n = run->quarantine.len / WORD;
	struct word *words = pacs_calloc(n, sizeof(*words));
	char sha256[PACS_SHA256_HEX];

	for (i = 0; i < n; i++) {
		words[i].text = run->quarantine.data + i * WORD;
		words[i].order = i;
	}
	if (n)
		qsort(words, n, sizeof(*words), by_digest);
	for (i = 0; i < n && !check_stopped(run); i++) {
		if (i + 1 < n && memcmp(words[i].text, words[i + 1].text,
					PACS_SHA256_HEX - 1) == 0)
			continue;
		snprintf(sha256, sizeof(sha256), "%.64s", words[i].text);
		if (words[i].text[PACS_SHA256_HEX] == '+')
			check_one(run, sha256);
	}
	free(words);
}
