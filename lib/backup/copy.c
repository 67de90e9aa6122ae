/*
 * A second repository: the files of each snapshot, then its text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/snapshot.h"
#include "base/fs.h"

struct copying {
	struct pacs_repo *from, *to;
	const struct pacs_backup_hooks *hooks;
	struct names kept, dropped; /* snapshots that are there */
	uint64_t files, bytes;
};

static enum pacs_err
copy_file(struct pacs_error *err, struct copying *c,
	  const struct pacs_backup_file *f)
{
	enum { BUF = 1 << 18 };
	struct pacs_digest *d = pacs_digest_new();
	char *buf = pacs_malloc(BUF), staged[NAME_ROOM] = "";
	char sha[PACS_SHA256_HEX];
	struct pull p;
	enum pacs_err rc;
	int fd = -1;
	size_t n;

	rc = pull_open(err, c->from, f->name, true, 0, 0, &p);
	if (!rc)
		rc = depot_stage(err, &c->to->depot, staged, &fd);
	while (!rc && !(rc = pull_read(err, &p, buf, BUF, &n)) && n) {
		pacs_digest_add(d, buf, n);
		rc = pacs_fs_write(err, fd, buf, n);
	}
	if (!rc)
		rc = pull_end(err, &p);
	pull_close(&p);
	pacs_digest_end_hex(d, sha);
	if (!rc && strcmp(sha, f->sha256) != 0)
		rc = pacs_error_set(err, PACS_EINTEGRITY,
				    "'%s' is damaged; it is not copied",
				    f->name);
	if (!rc)
		rc = depot_place(err, &c->to->depot, staged, fd, f->name);
	if (rc && fd >= 0)
		depot_drop(&c->to->depot, staged);
	if (fd >= 0)
		close(fd);
	c->files += !rc;
	c->bytes += rc ? 0 : f->size;
	if (!rc && c->hooks->progress)
		c->hooks->progress(c->hooks->ctx, 1, f->size);
	pacs_digest_free(d);
	free(buf);
	return rc;
}

/* Is this snapshot there already, and the same one? The copy's own prune may
 * have dropped it. */
static enum pacs_err
is_there(struct pacs_error *err, struct copying *c, const struct snapshot *s,
	 bool *ret)
{
	struct snapshot other;
	char number[NAME_ROOM], name[NAME_ROOM];
	bool dropped;
	enum pacs_err rc;

	snprintf(number, sizeof(number), "%06u", s->number);
	dropped = names_have(&c->dropped, number);
	*ret = dropped || names_have(&c->kept, number);
	if (!*ret)
		return PACS_OK;
	snprintf(name, sizeof(name), "%s/%06u",
		 dropped ? "dropped" : "snapshots", s->number);
	rc = snapshot_read(err, c->to, name, &other);
	if (!rc && strcmp(other.sha256, s->sha256) != 0)
		rc = pacs_error_set(err, PACS_ECONFLICT,
				    "'%s' has another snapshot %u",
				    c->to->depot.where, s->number);
	snapshot_clear(&other);
	return rc;
}

static enum pacs_err
copy_snapshot(struct pacs_error *err, struct copying *c,
	      const struct snapshot *s, const char *name)
{
	struct pacs_buf b = {0};
	char to[NAME_ROOM];
	enum pacs_err rc = PACS_OK;
	size_t i;

	for (i = 0; !rc && i < s->file_count; i++) {
		if (c->hooks->stopped && c->hooks->stopped(c->hooks->ctx))
			rc = pacs_error_set(err, PACS_EINTERRUPTED,
					    "stopped; the next copy goes on");
		if (!rc)
			rc = copy_file(err, c, &s->files[i]);
	}
	if (!rc)
		rc = depot_slurp(err, &c->from->depot, name, &b);
	/* Dropped ones too: there the other repository's prune decides. */
	snprintf(to, sizeof(to), "snapshots/%06u", s->number);
	if (!rc)
		rc = depot_put(err, &c->to->depot, to, b.data, b.len, false);
	pacs_buf_clear(&b);
	return rc;
}

static enum pacs_err
copy_chain(struct pacs_error *err, struct copying *c)
{
	const struct snapshot *s;
	struct chain chain = {0};
	bool there;
	enum pacs_err rc =
	    depot_list(err, &c->to->depot, "dropped", &c->dropped);

	if (!rc)
		rc = depot_list(err, &c->to->depot, "snapshots", &c->kept);
	if (!rc)
		rc = chain_open(err, c->from, 0, &chain);
	while (!rc && !(rc = chain_next(err, c->from, &chain, &s)) && s) {
		if (s->partial)
			break;
		rc = is_there(err, c, s, &there);
		if (!rc && !there)
			rc = copy_snapshot(
			    err, c, s, chain.names.list[chain.next - 1] + 7);
	}
	chain_close(&chain);
	names_clear(&c->kept);
	names_clear(&c->dropped);
	return rc;
}

/* A copy lacks what prune had removed before. */
static enum pacs_err
copy_removed(struct pacs_error *err, struct copying *c)
{
	struct pacs_buf b = {0};
	struct names removed = {0};
	enum pacs_err rc = removed_read(err, c->from, &removed);
	struct names have = {0}, fresh = {0};
	size_t i;

	if (!rc)
		rc = removed_read(err, c->to, &have);
	for (i = 0; i < removed.count; i++) {
		struct pacs_error e = PACS_ERROR_INIT;
		struct pull p;

		if (names_have(&have, removed.list[i]))
			continue;
		if (!pull_open(&e, c->to, removed.list[i], true, 0, 1, &p)) {
			pull_close(&p); /* copied before it was removed */
			continue;
		}
		names_add(&fresh, removed.list[i]);
	}
	for (i = 0; i < fresh.count; i++)
		names_add(&have, fresh.list[i]);
	names_sort(&have);
	for (i = 0; i < have.count; i++)
		pacs_buf_addf(&b, "%s\n", have.list[i]);
	if (b.len)
		text_seal(&b);
	if (!rc && b.len)
		rc = depot_put(err, &c->to->depot, "dropped/removed", b.data,
			       b.len, true);
	names_clear(&have);
	names_clear(&fresh);
	names_clear(&removed);
	pacs_buf_clear(&b);
	return rc;
}

enum pacs_err
pacs_backup_copy(struct pacs_error *err, struct pacs_repo *r, const char *to,
		 const struct pacs_backup_hooks *hooks, uint64_t *ret_files,
		 uint64_t *ret_bytes)
{
	struct copying c = {.from = r, .hooks = hooks};
	enum pacs_err rc;

	*ret_files = *ret_bytes = 0;
	rc = pacs_repo_make(err, to, NULL, r->archive,
			    (const char *const *)r->recipients.list,
			    r->recipients.count, &c.to);
	if (rc)
		return rc;
	if (!repo_encrypted(r) && repo_encrypted(c.to))
		rc = pacs_error_set(err, PACS_ECONFLICT,
				    "'%s' is encrypted, '%s' is not", to,
				    r->depot.where);
	if (!rc)
		rc = depot_lock(err, &c.to->depot, &c.to->lock_fd);
	if (!rc)
		rc = copy_removed(err, &c);
	if (!rc)
		rc = copy_chain(err, &c);
	*ret_files = c.files;
	*ret_bytes = c.bytes;
	pacs_repo_close(c.to);
	return rc;
}
