/*
 * The snapshots of a repository in order, each named by the digest in the next.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/snapshot.h"

static bool
is_number(const char *name)
{
	return strspn(name, "0123456789") == 6 && !name[6];
}

enum pacs_err
snapshot_last(struct pacs_error *err, struct pacs_repo *r,
	      struct snapshot *ret_last, struct snapshot *ret_partial)
{
	struct names names = {0};
	char name[NAME_ROOM], want[NAME_ROOM] = "";
	enum pacs_err rc = depot_list(err, &r->depot, "snapshots", &names);
	bool partial = false;
	size_t i;

	memset(ret_last, 0, sizeof(*ret_last));
	memset(ret_partial, 0, sizeof(*ret_partial));
	for (i = 0; i < names.count; i++)
		if (is_number(names.list[i]))
			snprintf(want, sizeof(want), "%s", names.list[i]);
	if (!rc && *want) {
		snprintf(name, sizeof(name), "snapshots/%.6s", want);
		rc = snapshot_read(err, r, name, ret_last);
	}
	snprintf(want, sizeof(want), "%06u.partial", ret_last->number + 1);
	for (i = 0; i < names.count; i++)
		partial |= !strcmp(names.list[i], want);
	if (!rc && partial) {
		snprintf(name, sizeof(name), "snapshots/%06u.partial",
			 ret_last->number + 1);
		rc = snapshot_read(err, r, name, ret_partial);
	}
	names_clear(&names);
	return rc;
}

static enum pacs_err
list_into(struct pacs_error *err, struct pacs_repo *r, const char *dir,
	  struct names *all)
{
	struct names names = {0};
	enum pacs_err rc = depot_list(err, &r->depot, dir, &names);
	char name[300];
	size_t i;

	for (i = 0; i < names.count; i++) {
		const char *n = names.list[i];

		/* The number first, for the order. */
		snprintf(name, sizeof(name), "%.6s:%s/%s", n, dir, n);
		if (is_number(n) ||
		    (strlen(n) == 14 && !strcmp(n + 6, ".partial")))
			names_add(all, name);
	}
	names_clear(&names);
	return rc;
}

enum pacs_err
chain_open(struct pacs_error *err, struct pacs_repo *r, unsigned last,
	   struct chain *c)
{
	enum pacs_err rc;
	size_t i, n = 0;

	memset(c, 0, sizeof(*c));
	rc = removed_read(err, r, &c->removed);
	if (!rc)
		rc = list_into(err, r, "dropped", &c->names);
	if (!rc)
		rc = list_into(err, r, "snapshots", &c->names);
	names_sort(&c->names);
	/* What is whole now was partial before. */
	for (i = 0; i < c->names.count; i++) {
		char *s = c->names.list[i];
		bool old = strstr(s, ".partial") &&
			   (i + 1 < c->names.count ||
			    (n && !strncmp(c->names.list[n - 1], s, 6)));

		if (old || (last && strtoul(s, NULL, 10) > last))
			free(s);
		else
			c->names.list[n++] = s;
	}
	c->names.count = n;
	return rc;
}

enum pacs_err
removed_read(struct pacs_error *err, struct pacs_repo *r, struct names *out)
{
	struct pacs_buf b = {0};
	char *line, *save = NULL;
	size_t len = 0;
	enum pacs_err rc = depot_slurp(err, &r->depot, "dropped/removed", &b);

	if (rc == PACS_ENOTFOUND) {
		pacs_error_clear(err);
		pacs_buf_clear(&b);
		return PACS_OK;
	}
	if (!rc && !text_whole(pacs_buf_str(&b), b.len, &len))
		rc = pacs_error_set(err, PACS_EINTEGRITY,
				    "'dropped/removed' is damaged");
	if (!rc)
		b.data[len] = '\0';
	for (line = rc ? NULL : strtok_r(b.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (snapshot_names_file(line))
			names_add(out, line);
	names_sort(out);
	pacs_buf_clear(&b);
	return rc;
}

/* What was removed is needed by nobody: as if it had never been named. */
static void
leave_removed(struct snapshot *s, const struct names *removed)
{
	size_t i, n = 0;

	for (i = 0; i < s->file_count; i++)
		if (!names_have(removed, s->files[i].name))
			s->files[n++] = s->files[i];
	s->file_count = n;
}

enum pacs_err
chain_next(struct pacs_error *err, struct pacs_repo *r, struct chain *c,
	   const struct snapshot **ret_s)
{
	unsigned before = c->now.number;
	enum pacs_err rc;

	*ret_s = NULL;
	if (c->next == c->names.count)
		return PACS_OK;
	snapshot_clear(&c->now);
	rc = snapshot_read(err, r, c->names.list[c->next] + 7, &c->now);
	if (rc)
		return rc;
	if (c->now.number != before + 1 ||
	    c->now.number != strtoul(c->names.list[c->next], NULL, 10) ||
	    strcmp(c->now.previous, c->before) != 0)
		return pacs_error_set(
		    err, PACS_EINTEGRITY,
		    "'%s' does not follow the snapshot before it",
		    c->names.list[c->next] + 7);
	memcpy(c->before, c->now.sha256, sizeof(c->before));
	c->next++;
	leave_removed(&c->now, &c->removed);
	*ret_s = &c->now;
	return PACS_OK;
}

void
chain_close(struct chain *c)
{
	names_clear(&c->names);
	names_clear(&c->removed);
	snapshot_clear(&c->now);
}
