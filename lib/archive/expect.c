/*
 * What the ledger says of one object: a search from the newest segment back.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/internal.h"
#include "base/file.h"

#define CHUNK (1u << 20)

struct search {
	char key[3 * PACS_UID_ROOM + 8]; /* "\tSTUDY\tSERIES\tSOP\t" */
	size_t key_len;
	bool found, placed;
	char sha256[PACS_SHA256_HEX];
	uint64_t size;
};

/* A line that has the key: what does it say? */
static void
look(struct search *s, const char *line, size_t len)
{
	struct pacs_ledger_line l;
	char text[PACS_LINE_MAX];

	if (len >= sizeof(text) || !memmem(line, len, s->key, s->key_len))
		return;
	memcpy(text, line, len);
	text[len] = '\0';
	if (!line_parse(text, &l) ||
	    (!pacs_op_places(l.op) && l.op != PACS_OP_PURGE &&
	     l.op != PACS_OP_VOID))
		return;
	s->found = true;
	s->placed = pacs_op_places(l.op);
	s->size = l.size;
	memcpy(s->sha256, l.sha256, strlen(l.sha256) + 1);
}

static void
look_all(struct search *s, struct pacs_buf *b)
{
	char *p = b->data, *end = b->data + b->len, *nl;

	while ((nl = memchr(p, '\n', (size_t)(end - p)))) {
		look(s, p, (size_t)(nl - p));
		p = nl + 1;
	}
	b->len = (size_t)(end - p);
	memmove(b->data, p, b->len);
}

static enum pacs_err
search_segment(struct pacs_error *err, const struct pacs_archive *ar,
	       uint32_t segment, struct search *s)
{
	struct pacs_buf b = {0};
	enum pacs_err rc;
	uint64_t at = 0;
	char name[32];
	size_t n;
	int fd;

	segment_name(segment, name);
	rc = pacs_file_open(err, ar->dirfd, name, &fd, NULL);
	if (rc)
		return rc;
	do {
		pacs_buf_reserve(&b, CHUNK);
		rc = pacs_file_pread(err, fd, b.data + b.len, CHUNK, at, &n);
		if (rc)
			break;
		at += n;
		b.len += n;
		if (memmem(b.data, b.len, s->key, s->key_len) || b.len > CHUNK)
			look_all(s, &b);
		else if (b.len > PACS_LINE_MAX) {
			/* Nothing here: keep what may be half a line. */
			memmove(b.data, b.data + b.len - PACS_LINE_MAX,
				PACS_LINE_MAX);
			b.len = PACS_LINE_MAX;
		}
	} while (n);
	close(fd);
	pacs_buf_clear(&b);
	return rc;
}

enum pacs_err
pacs_ledger_expect(struct pacs_error *err, const struct pacs_archive *ar,
		   const struct pacs_triple *t,
		   char ret_sha256[PACS_SHA256_HEX], uint64_t *ret_size)
{
	struct search s = {0};
	uint32_t segment = segment_last(ar, 1);
	enum pacs_err rc = PACS_OK;
	struct pacs_buf key = {0};

	pacs_buf_addf(&key, "\t%s\t%s\t%s\t", t->study, t->series, t->instance);
	s.key_len = key.len < sizeof(s.key) ? key.len : sizeof(s.key) - 1;
	memcpy(s.key, pacs_buf_str(&key), s.key_len);
	pacs_buf_clear(&key);
	for (; !rc && !s.found && segment > 0; segment--)
		rc = search_segment(err, ar, segment, &s);
	if (rc)
		return rc;
	if (!s.found || !s.placed)
		return pacs_error_set(err, PACS_ENOTFOUND,
				      "the ledger does not hold it");
	memcpy(ret_sha256, s.sha256, PACS_SHA256_HEX);
	*ret_size = s.size;
	return PACS_OK;
}
