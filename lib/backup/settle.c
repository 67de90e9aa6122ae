/*
 * What could not be packed: gone for a reason that the ledger has, or damaged
 * or missing, and owed to the next night.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/night.h"
#include "backup/packing.h"

static uint64_t
hex_head(const char *sha256)
{
	char head[17];

	snprintf(head, sizeof(head), "%.16s", sha256);
	return strtoull(head, NULL, 16);
}

static bool
late_has(const struct night *n, uint64_t head)
{
	size_t i;

	for (i = 0; i < n->late_count; i++)
		if (n->late[i] == head)
			return true;
	return false;
}

/* Was it let out of quarantine behind the window? */
static bool
was_released(struct night *n, const char *sha256,
	     const struct pacs_cursor *from)
{
	struct pacs_error e = PACS_ERROR_INIT;
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	uint64_t head = hex_head(sha256);

	if (!n->late_begun) {
		n->late_at = *from;
		n->late_begun = true;
	}
	if (late_has(n, head))
		return true;
	if (pacs_ledger_open(&e, n->ar, &n->late_at, &r))
		return false;
	while (!pacs_ledger_next(&e, r, &line) && line) {
		if (line->op != PACS_OP_RELEASE)
			continue;
		if (n->late_count == n->late_cap) {
			n->late_cap = n->late_cap ? 2 * n->late_cap : 64;
			n->late = pacs_realloc(n->late,
					       n->late_cap * sizeof(*n->late));
		}
		n->late[n->late_count++] = hex_head(line->sha256);
	}
	n->late_at = *pacs_ledger_cursor(r);
	pacs_ledger_close(r);
	return late_has(n, head);
}

/* NULL: the ledger has an end for it, later than its line. Else what is wrong
 * with it, one word. */
static const char *
trouble(struct night *n, const struct item *item, const struct pacs_cursor *to)
{
	struct pacs_error e = PACS_ERROR_INIT;
	bool there = faccessat(pacs_archive_dirfd(n->ar), item->path, F_OK,
			       AT_SYMLINK_NOFOLLOW) == 0;
	char sha[PACS_SHA256_HEX];
	struct pacs_triple t;
	uint64_t size;

	if (!pacs_object_triple(item->path, &t)) {
		if (!item->sha256 && !there)
			return NULL; /* the reason of what is in quarantine */
		if (!there && was_released(n, item->sha256, to))
			return NULL;
		return there ? "damaged" : "missing";
	}
	if (!there && pacs_object_is_purged(n->ar, &t))
		return NULL;
	if (pacs_ledger_expect(&e, n->ar, &t, sha, &size))
		return e.code == PACS_ENOTFOUND ? NULL : "unreadable";
	if (strcmp(sha, item->sha256) != 0)
		return NULL; /* replaced, or purged and stored again */
	return there ? "damaged" : "missing";
}

enum pacs_err
night_settle(struct pacs_error *err, struct night *n,
	     const struct pacs_cursor *to)
{
	struct packer *p = &n->packer;
	enum pacs_err rc = PACS_OK;
	char key[KEY_ROOM];
	size_t i;

	for (i = 0; !rc && i < p->failed_count; i++) {
		const struct item *item = p->failed[i];
		const char *why = trouble(n, item, to);

		if (!why) {
			group_key(item->path, key);
			pacs_buf_addf(&p->groups, "%s\t?\t%s\n", key,
				      item->path);
			continue;
		}
		if (n->hooks->missed)
			n->hooks->missed(n->hooks->ctx, item->path, why);
		n->now.missed++;
		snapshot_owe(&n->now, &item->at);
		if (n->now.owed_count > OWED_MAX)
			rc = pacs_error_set(err, PACS_EINTEGRITY,
					    "more than %u objects are damaged "
					    "or missing",
					    OWED_MAX);
	}
	p->failed_count = 0;
	return rc;
}
