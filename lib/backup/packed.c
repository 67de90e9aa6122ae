/*
 * The ledger that is in the packs, line by line, each check computed.
 */
#include <stdlib.h>
#include <string.h>

#include "backup/cover.h"
#include "backup/entry.h"
#include "backup/packing.h"

struct feed {
	struct pacs_digest *digest;
	struct pacs_cursor at;
	const struct pacs_cursor *to;
	struct pacs_buf rest; /* of a line */
	ledger_fn *fn;
	void *ctx;
	bool ended;
};

static enum pacs_err
feed_line(struct pacs_error *err, struct feed *f, const char *line, size_t len)
{
	struct pacs_ledger_line l;
	char text[PACS_LINE_MAX], check[PACS_CHECK_ROOM];

	if (len >= sizeof(text) ||
	    !pacs_ledger_continues(f->digest, f->at.check, line, len, check))
		return pacs_error_set(
		    err, PACS_EINTEGRITY,
		    "segment %06u, offset %llu: the check does not fit",
		    f->at.segment, (unsigned long long)f->at.offset);
	memcpy(text, line, len);
	text[len] = '\0';
	if (!pacs_ledger_parse(text, &l))
		return pacs_error_set(err, PACS_EINTEGRITY,
				      "segment %06u: not a ledger line",
				      f->at.segment);
	l.at = f->at;
	f->at.offset += len + 1;
	memcpy(f->at.check, check, sizeof(check));
	l.after = f->at;
	return f->fn(err, f->ctx, &l);
}

static enum pacs_err
feed_bytes(struct pacs_error *err, struct feed *f, const char *bytes, size_t n)
{
	const char *end = bytes + n, *nl;
	enum pacs_err rc = PACS_OK;

	while (!rc && bytes < end) {
		/* Behind this place the snapshot says nothing. */
		if (!pacs_cursor_before(&f->at, f->to)) {
			f->ended = true;
			return PACS_OK;
		}
		nl = memchr(bytes, '\n', (size_t)(end - bytes));
		if (!nl || f->rest.len) {
			size_t k =
			    nl ? (size_t)(nl - bytes) : (size_t)(end - bytes);

			if (f->rest.len + k > PACS_LINE_MAX)
				return pacs_error_set(err, PACS_EINTEGRITY,
						      "a line has no end");
			pacs_buf_add(&f->rest, bytes, k);
			if (nl) {
				rc = feed_line(err, f, f->rest.data,
					       f->rest.len);
				pacs_buf_reset(&f->rest);
			}
		} else {
			rc = feed_line(err, f, bytes, (size_t)(nl - bytes));
		}
		bytes = nl ? nl + 1 : end;
	}
	return rc;
}

static enum pacs_err
feed_pack(struct pacs_error *err, struct pacs_repo *r, const char *name,
	  struct feed *f)
{
	const struct entry *e;
	const void *bytes;
	struct unpack *u;
	struct pull p;
	enum pacs_err rc;
	size_t n;

	rc = pull_open(err, r, name, false, 0, 0, &p);
	if (rc)
		return rc;
	rc = unpack_open(err, &p, &u);
	while (!rc && !f->ended && !(rc = unpack_next(err, u, &e)) && e) {
		unsigned segment = (unsigned)strtoul(e->path + 7, NULL, 10);

		if (e->kind != ENTRY_LEDGER)
			continue;
		if (segment == f->at.segment + 1 && !f->rest.len) {
			f->at.segment++;
			f->at.offset = 0;
		}
		if (segment != f->at.segment || f->at.offset)
			rc = pacs_error_set(err, PACS_EINTEGRITY,
					    "segment %06u is not the next",
					    segment);
		while (!rc && !(rc = unpack_data(err, u, &bytes, &n)) && n)
			rc = feed_bytes(err, f, bytes, n);
	}
	unpack_close(u);
	return rc;
}

enum pacs_err
packed_ledger(struct pacs_error *err, struct pacs_repo *r, unsigned number,
	      const struct pacs_cursor *to, ledger_fn *fn, void *ctx)
{
	struct feed f = {.digest = pacs_digest_new(),
			 .at = PACS_CURSOR_START,
			 .to = to,
			 .fn = fn,
			 .ctx = ctx};
	const struct snapshot *s;
	struct chain c;
	enum pacs_err rc = chain_open(err, r, number, &c);
	size_t i;

	while (!rc && !f.ended && !(rc = chain_next(err, r, &c, &s)) && s)
		for (i = 0; !rc && i < s->file_count; i++)
			if (!strcmp(s->files[i].kind, "ledger"))
				rc = feed_pack(err, r, s->files[i].name, &f);
	if (!rc && strcmp(f.at.check, to->check) != 0)
		rc = pacs_error_set(err, PACS_EINTEGRITY,
				    "the ledger in the packs ends before the "
				    "state that the snapshot names");
	chain_close(&c);
	pacs_digest_free(f.digest);
	pacs_buf_clear(&f.rest);
	return rc;
}
