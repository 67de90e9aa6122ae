/*
 * Studies for a rehearsal, and single objects for a repair.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "backup/entry.h"
#include "backup/packing.h"
#include "backup/restore.h"
#include "base/fs.h"

struct lot {
	char **uids; /* 0: the newest; others by lot */
	size_t count, most;
	uint64_t seen, dice;
	char before[KEY_ROOM];
	char aside[KEY_ROOM];
};

static uint64_t
roll(struct lot *l)
{
	l->dice ^= l->dice << 13;
	l->dice ^= l->dice >> 7;
	l->dice ^= l->dice << 17;
	return l->dice;
}

static bool
has(const struct lot *l, const char *uid)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		if (!strcmp(l->uids[i], uid))
			return true;
	return false;
}

/* Reservoir: each study has the same chance, however many there are. */
static enum pacs_err
draw_line(struct pacs_error *err, void *ctx, char *line)
{
	struct group_line g;
	struct lot *l = ctx;
	const char *uid;
	uint64_t k;

	if (!group_parse(line, &g))
		return pacs_error_set(err, PACS_EFORMAT, "not a line of it");
	uid = g.values[GROUP_StudyInstanceUID];
	if (g.what != '+' || !strcmp(g.key, l->aside) || !*uid ||
	    !strcmp(g.key, l->before))
		return PACS_OK;
	memcpy(l->before, g.key, KEY_ROOM);
	if (has(l, uid))
		return PACS_OK;
	if (!l->count) { /* parts come newest first */
		l->uids[l->count++] = pacs_strdup(uid);
		return PACS_OK;
	}
	l->seen++;
	if (l->count < l->most) {
		l->uids[l->count++] = pacs_strdup(uid);
	} else if (l->most > 1 && (k = roll(l) % l->seen) < l->most - 1) {
		free(l->uids[k + 1]);
		l->uids[k + 1] = pacs_strdup(uid);
	}
	return PACS_OK;
}

enum pacs_err
pacs_backup_draw(struct pacs_error *err, struct pacs_repo *r, size_t count,
		 char ***ret_uids, size_t *ret_count)
{
	struct lot l = {.most = count ? count : 1, .dice = 1};
	struct parts parts = {0};
	unsigned number;
	enum pacs_err rc;
	size_t i;

	if (getrandom(&l.dice, sizeof(l.dice), 0) < 0 || !l.dice)
		l.dice = 1;
	l.uids = pacs_calloc(l.most, sizeof(*l.uids));
	group_key("quarantine/", l.aside);
	rc = repo_readable(err, r);
	if (!rc)
		rc = parts_read(err, r, 0, &parts, &number);
	for (i = parts.count; !rc && i-- > 0;)
		rc = groups_each(err, r, parts.list[i].groups, NULL, draw_line,
				 &l);
	parts_clear(&parts);
	*ret_uids = l.uids;
	*ret_count = l.count;
	return rc;
}

/* --- repair --------------------------------------------------------------- */

struct pacs_backup_source {
	struct pacs_repo *r;
	struct parts parts;
};

enum pacs_err
pacs_backup_source_open(struct pacs_error *err, const char *where,
			const char *identity, struct pacs_backup_source **ret_s)
{
	struct pacs_backup_source *s = pacs_calloc(1, sizeof(*s));
	unsigned number;
	enum pacs_err rc = pacs_repo_open(err, where, identity, &s->r);

	*ret_s = NULL;
	if (!rc)
		rc = repo_readable(err, s->r);
	if (!rc)
		rc = parts_read(err, s->r, 0, &s->parts, &number);
	if (rc) {
		pacs_backup_source_close(s);
		return rc;
	}
	*ret_s = s;
	return PACS_OK;
}

void
pacs_backup_source_close(struct pacs_backup_source *s)
{
	if (!s)
		return;
	parts_clear(&s->parts);
	pacs_repo_close(s->r);
	free(s);
}

struct wanted {
	const char *path, *sha256;
	int fd;
	uint64_t size;
};

static enum pacs_err
take(struct pacs_error *err, void *ctx, struct unpack *u, const struct entry *e)
{
	struct wanted *w = ctx;
	const void *bytes;
	enum pacs_err rc;
	size_t n;

	if (w->fd >= 0 || strcmp(e->path, w->path) != 0 ||
	    strcmp(e->sha256, w->sha256) != 0)
		return PACS_OK;
	rc = pacs_fs_unnamed(err, pacs_fs_tmp_dir(), &w->fd);
	while (!rc && !(rc = unpack_data(err, u, &bytes, &n)) && n) {
		rc = pacs_fs_write(err, w->fd, bytes, n);
		w->size += n;
	}
	if (rc && w->fd >= 0) {
		close(w->fd);
		w->fd = -1;
	}
	return rc;
}

static void
broken(void *ctx, const char *name, const char *why)
{
	(void)ctx, (void)name, (void)why; /* then there is no such object */
}

bool
pacs_backup_source_find(struct pacs_backup_source *s, const char *path,
			const char *sha256, int *ret_fd, uint64_t *ret_size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct wanted w = {path, sha256, -1, 0};
	const struct study_hooks hooks = {&w, take, broken};
	char key[KEY_ROOM];
	uint64_t read = 0;

	group_key(path, key);
	if (study_read(&err, s->r, &s->parts, key, &hooks, &read) &&
	    w.fd >= 0) {
		close(w.fd);
		w.fd = -1;
	}
	*ret_fd = w.fd;
	*ret_size = w.size;
	return w.fd >= 0;
}
