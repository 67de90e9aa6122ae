/*
 * An archive in a folder of its own, and small objects on their way into it.
 * (archive_writer.c, archive_recover.c)
 */
#ifndef UNIT_ARCHIVE_OBJECTS_H
#define UNIT_ARCHIVE_OBJECTS_H

#include <stdlib.h>
#include <unistd.h>

#include "archive/writer.h"
#include "unit/folder.h"
#include "unit/test.h"

static struct pacs_error err;

static inline struct pacs_archive *
open_archive(void)
{
	struct pacs_archive *ar = NULL;

	if (pacs_archive_open(&err, test_folder, PACS_ARCHIVE_WRITE, &ar))
		printf("# %s\n", err.msg);
	return ar;
}

static inline void
put(struct pacs_buf *b, unsigned group, unsigned element, const char *vr,
    const char *value)
{
	size_t len = strlen(value), even = (len + 1) & ~(size_t)1;
	const unsigned char head[8] = {
	    (unsigned char)group,   (unsigned char)(group >> 8),
	    (unsigned char)element, (unsigned char)(element >> 8),
	    (unsigned char)vr[0],   (unsigned char)vr[1],
	    (unsigned char)even,    0,
	};

	pacs_buf_add(b, head, sizeof(head));
	pacs_buf_add(b, value, len);
	pacs_buf_add(b, "", even - len);
}

/* A small real object, so that recovery can read its UIDs. Explicit VR little
 * endian, with the one element of group 0002 that says so. */
static inline void
make_object(const struct pacs_triple *t, const char *comment,
	    struct pacs_buf *out)
{
	static const char zeros[128];

	pacs_buf_add(out, zeros, sizeof(zeros));
	pacs_buf_adds(out, "DICM");
	put(out, 0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1");
	put(out, 0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.7");
	put(out, 0x0008, 0x0018, "UI", t->instance);
	put(out, 0x0020, 0x000d, "UI", t->study);
	put(out, 0x0020, 0x000e, "UI", t->series);
	put(out, 0x0020, 0x4000, "LT", comment);
}

static inline struct pacs_triple
triple(int n)
{
	struct pacs_triple t;

	snprintf(t.study, sizeof(t.study), "1.2.3");
	snprintf(t.series, sizeof(t.series), "1.2.3.4");
	snprintf(t.instance, sizeof(t.instance), "1.2.3.4.%d", n);
	return t;
}

/* Steps of a store; a child process ends after the step that it is told. */
enum step { STAGED, FLUSHED, PLACED, APPENDED, DURABLE, SETTLED };

static inline enum pacs_placed
store(struct pacs_writer *w, int n, const char *comment, enum step last)
{
	struct pacs_staged st = {.triple = triple(n)}, *one = &st;
	struct pacs_buf b = {0};

	make_object(&st.triple, comment, &b);
	CHECK_OK(pacs_stage_memory(&err, w, NULL, 0, b.data, b.len, &st));
	pacs_buf_clear(&b);
	if (last >= FLUSHED)
		CHECK_OK(pacs_writer_barrier(&err, w));
	if (last >= PLACED)
		CHECK_OK(pacs_place_object(&err, w, &st, false));
	if (last >= APPENDED)
		CHECK_OK(pacs_writer_append(&err, w, &one, 1));
	if (last >= DURABLE)
		CHECK_OK(pacs_writer_barrier(&err, w));
	if (last >= SETTLED)
		CHECK_OK(pacs_writer_settle(&err, w, &one, 1));
	return st.placed;
}

static inline unsigned
count_lines(struct pacs_archive *ar, enum pacs_op op, const char *instance)
{
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	unsigned n = 0;

	CHECK_OK(pacs_ledger_open(&err, ar, NULL, &r));
	while (pacs_ledger_next(&err, r, &line) == PACS_OK && line)
		n += line->op == op && strcmp(line->instance, instance) == 0;
	CHECK_INT(err.code, PACS_OK);
	pacs_ledger_close(r);
	return n;
}

static inline bool
is_whole(struct pacs_archive *ar, int n)
{
	struct pacs_triple t = triple(n);
	char want[PACS_SHA256_HEX], have[PACS_SHA256_HEX];
	uint64_t size;
	bool same;
	int fd;

	if (pacs_ledger_expect(&err, ar, &t, want, &size) ||
	    pacs_object_open(&err, ar, &t, &fd, NULL)) {
		pacs_error_clear(&err);
		return false;
	}
	same = !pacs_sha256_fd(&err, fd, have, NULL) && !strcmp(want, have);
	close(fd);
	return same;
}

static inline unsigned
incoming_count(void)
{
	char cmd[sizeof(test_folder) + 100];
	unsigned n = 0;
	FILE *p;

	snprintf(cmd, sizeof(cmd), "ls %s/incoming | wc -l", test_folder);
	p = popen(cmd, "r");
	if (!p || fscanf(p, "%u", &n) != 1)
		n = 999;
	if (p)
		pclose(p);
	return n;
}

static inline bool
archive_begin(void)
{
	struct pacs_settings s = {0};

	if (!test_folder_make())
		return false;
	TEST("an archive is made in an empty folder, and only there");
	CHECK_OK(pacs_archive_create(&err, test_folder, &s));
	CHECK_ERR(pacs_archive_create(&err, test_folder, &s), PACS_EEXISTS);
	pacs_error_clear(&err);
	return true;
}

/* Takes it away again; for main to return. */
static inline int
archive_end(void)
{
	CHECK(test_folder_remove());
	return test_done();
}

#endif
