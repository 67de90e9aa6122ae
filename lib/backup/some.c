/*
 * Restoring what was asked for: studies that match, into a folder or, see
 * some-archive.c, an archive.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/some.h"
#include "base/fs.h"
#include "base/tree.h"

static const enum pacs_key_id keys[GROUP_VALUES] = {
#define G(name) PACS_KEY_##name,
    GROUP_KEYS(G)
#undef G
};

/* --- the question --------------------------------------------------------- */

static bool
can_ask(enum pacs_key_id key)
{
	size_t i;

	for (i = 0; i < GROUP_VALUES; i++)
		if (keys[i] == key)
			return true;
	return false;
}

static enum pacs_err
read_question(struct pacs_error *err, struct some *s, char *const *conditions)
{
	struct pacs_query_clock clock = pacs_query_clock_now();
	enum pacs_err rc = PACS_OK;
	size_t i;

	for (; !rc && *conditions; conditions++)
		rc = pacs_query_add(err, &s->query, *conditions, &clock);
	for (i = 0; !rc && i < s->query.count; i++)
		if (!can_ask(s->query.conditions[i].key))
			rc = pacs_error_set(
			    err, PACS_EUSAGE,
			    "'%s' cannot be asked of a backup: only "
			    "StudyInstanceUID, AccessionNumber, PatientID and "
			    "other values of a study",
			    pacs_keys[s->query.conditions[i].key].name);
	return rc;
}

/* The studies, if the question names them by UID. */
static bool
named(struct some *s)
{
	const struct pacs_condition *c = s->query.conditions;
	size_t i;
	char hex[PACS_SHA256_HEX];

	if (s->query.count != 1 || c->key != PACS_KEY_StudyInstanceUID ||
	    c->negated || c->exact != 0)
		return false;
	s->keys = pacs_calloc(c->count + 1, KEY_ROOM);
	for (i = 0; i < c->count; i++) {
		pacs_sha256_hex(c->terms[i].text, strlen(c->terms[i].text),
				hex);
		snprintf(s->keys[i], KEY_ROOM, "%.16s", hex);
	}
	s->count = c->count;
	return true;
}

static enum pacs_err
match_line(struct pacs_error *err, void *ctx, char *line)
{
	const char *values[PACS_KEY_COUNT] = {0};
	struct some *s = ctx;
	struct group_line l;
	char aside[KEY_ROOM];
	size_t i;

	if (!group_parse(line, &l))
		return pacs_error_set(err, PACS_EFORMAT, "not a line of it");
	group_key("quarantine/", aside);
	if (l.what != '+' || !strcmp(l.key, aside))
		return PACS_OK;
	for (i = 0; i < GROUP_VALUES; i++)
		values[keys[i]] = *l.values[i] ? l.values[i] : NULL;
	if (!pacs_query_matches(&s->query, values))
		return PACS_OK;
	for (i = s->count; i > 0; i--) /* near each other, mostly */
		if (!strcmp(s->keys[i - 1], l.key))
			return PACS_OK;
	if (s->count == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 64;
		s->keys = pacs_realloc(s->keys, s->cap * KEY_ROOM);
	}
	memcpy(s->keys[s->count++], l.key, KEY_ROOM);
	return PACS_OK;
}

static enum pacs_err
search(struct pacs_error *err, struct some *s, const struct parts *parts)
{
	enum pacs_err rc = PACS_OK;
	size_t i;

	for (i = 0; !rc && i < parts->count; i++)
		rc = groups_each(err, s->r, parts->list[i].groups, NULL,
				 match_line, s);
	return rc;
}

/* --- into a folder -------------------------------------------------------- */

static enum pacs_err
write_part(struct pacs_error *err, struct some *s, struct unpack *u,
	   const char *part, const char *name)
{
	struct pacs_error ignored = PACS_ERROR_INIT;
	const void *bytes;
	enum pacs_err rc;
	size_t n;
	int fd;

	rc = pacs_fs_create(err, s->dirfd, part, 0640, &fd);
	if (rc)
		return rc;
	while (!(rc = unpack_data(err, u, &bytes, &n)) && n)
		if ((rc = pacs_fs_write(err, fd, bytes, n)))
			break;
	if (close(fd) != 0 && !rc)
		rc = pacs_error_sys(err, errno, "cannot write");
	if (!rc)
		rc = pacs_fs_link(err, s->dirfd, part, s->dirfd, name);
	(void)!pacs_fs_unlink(&ignored, s->dirfd, part);
	return rc;
}

/* "STUDY/SERIES/SOP.dcm", under that name only when it is whole. */
static enum pacs_err
into_folder(struct pacs_error *err, struct some *s, struct unpack *u,
	    const struct entry *e)
{
	const char *name = e->path + strlen("objects/abc/");
	char *part = pacs_format("%s.part", name);
	enum pacs_err rc;

	rc = restore_parents(err, s->dirfd, name, s->last_dir);
	if (!rc)
		rc = write_part(err, s, u, part, name);
	free(part);
	if (rc == PACS_EEXISTS) {
		s->tally->failed++;
		if (s->hooks->missed)
			s->hooks->missed(s->hooks->ctx, name,
					 "a file is there already");
		pacs_error_clear(err);
		return PACS_OK;
	}
	if (!rc)
		s->tally->objects++;
	return rc;
}

/* --- all of it ------------------------------------------------------------ */

static enum pacs_err
open_target(struct pacs_error *err, struct some *s, const char *to)
{
	enum pacs_err rc = pacs_fs_mkdir(err, AT_FDCWD, to, 0750);

	if (rc && rc != PACS_EEXISTS)
		return rc;
	pacs_error_clear(err);
	s->dirfd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0)
		return pacs_error_sys(err, errno, "cannot open '%s'", to);
	if (faccessat(s->dirfd, "pacs-archive", F_OK, 0) != 0)
		return PACS_OK;
	rc = pacs_archive_open(err, to, PACS_ARCHIVE_WRITE, &s->ar);
	return rc ? rc : pacs_writer_open(err, s->ar, &s->w);
}

static enum pacs_err
take(struct pacs_error *err, void *ctx, struct unpack *u, const struct entry *e)
{
	struct some *s = ctx;

	if (s->hooks->stopped && s->hooks->stopped(s->hooks->ctx))
		return pacs_error_set(err, PACS_EINTERRUPTED,
				      "stopped before the end");
	/* The folder is made when there is something to put into it. */
	if (s->dirfd < 0 && open_target(err, s, s->to))
		return err->code;
	s->tally->bytes += e->size;
	if (s->hooks->progress)
		s->hooks->progress(s->hooks->ctx, 1, e->size);
	return s->ar ? some_into_archive(err, s, u, e)
		     : into_folder(err, s, u, e);
}

static void
broken(void *ctx, const char *name, const char *why)
{
	struct some *s = ctx;

	s->tally->failed++;
	if (s->hooks->missed)
		s->hooks->missed(s->hooks->ctx, name, why);
}

static enum pacs_err
read_studies(struct pacs_error *err, struct some *s, const struct parts *parts)
{
	const struct study_hooks hooks = {s, take, broken};
	enum pacs_err rc = PACS_OK;
	size_t i;

	for (i = 0; !rc && i < s->count; i++) {
		uint64_t before =
		    s->tally->objects + s->tally->failed + s->batch_count;

		rc = study_read(err, s->r, parts, s->keys[i], &hooks,
				&s->tally->read);
		s->tally->studies +=
		    s->tally->objects + s->tally->failed + s->batch_count >
		    before;
	}
	if (!rc && s->w)
		rc = some_end_batch(err, s);
	if (!rc && !s->w && s->dirfd >= 0)
		rc = pacs_tree_sync(err, s->dirfd, s->to);
	return rc;
}

enum pacs_err
pacs_backup_restore_some(struct pacs_error *err, struct pacs_repo *r,
			 unsigned number, char *const *conditions,
			 const char *to, const struct pacs_backup_hooks *hooks,
			 struct pacs_restore_tally *ret)
{
	struct some *s = pacs_calloc(1, sizeof(*s));
	struct parts parts = {0};
	enum pacs_err rc;

	memset(ret, 0, sizeof(*ret));
	s->r = r;
	s->hooks = hooks;
	s->tally = ret;
	s->to = to;
	s->dirfd = -1;
	rc = read_question(err, s, conditions);
	if (!rc)
		rc = repo_readable(err, r);
	if (!rc)
		rc = parts_read(err, r, number, &parts, &ret->number);
	if (!rc && !named(s))
		rc = search(err, s, &parts);
	if (!rc)
		rc = read_studies(err, s, &parts);
	pacs_writer_close(s->w);
	pacs_archive_close(s->ar);
	if (s->dirfd >= 0)
		close(s->dirfd);
	parts_clear(&parts);
	pacs_query_clear(&s->query);
	free(s->keys);
	free(s);
	return rc;
}
