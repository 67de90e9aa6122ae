#include "fixity/against.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "fixity/internal.h"

struct sides {
	const struct pacs_archive *ar[2];
	struct spool *spool[2];
	pacs_pixel_decoder *decode;
	pacs_against_fn *fn;
	void *ctx;
	uint64_t *same;
};

const char *
pacs_against_word(enum pacs_against what)
{
	static const char *const words[] = {
	    [PACS_ONLY_HERE] = "missing-there",
	    [PACS_ONLY_THERE] = "missing-here",
	    [PACS_OTHER_BYTES] = "other-bytes",
	    [PACS_OTHER_MEANING] = "differs",
	    [PACS_NOT_COMPARED] = "not-compared",
	};

	return words[what];
}

static enum pacs_err
read_one(struct pacs_error *err, const struct pacs_archive *ar,
	 const char *path, struct pacs_dataset **ret_ds)
{
	enum pacs_err rc;
	int fd;

	*ret_ds = NULL;
	rc = pacs_file_open(err, pacs_archive_dirfd(ar), path, &fd, NULL);
	if (rc)
		return rc;
	rc = pacs_dataset_read_fd(err, fd, NULL, ret_ds);
	close(fd);
	return rc;
}

static void
compare_meaning(struct sides *s, const struct expected *a,
		const struct expected *b)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *da = NULL, *db = NULL;
	struct pacs_difference d = {"", ""};
	char detail[sizeof(err.msg) + sizeof(d.what) + 4];
	enum pacs_against what = PACS_NOT_COMPARED;
	bool same = false;

	if (!read_one(&err, s->ar[0], a->path, &da) &&
	    !read_one(&err, s->ar[1], a->path, &db) &&
	    !pacs_dataset_compare(&err, da, db, s->decode, NULL, &same, &d))
		what = same ? PACS_OTHER_BYTES : PACS_OTHER_MEANING;
	snprintf(detail, sizeof(detail), "%s%s%s", err.code ? err.msg : d.path,
		 d.what[0] ? ": " : "", d.what);
	s->fn(s->ctx, what, a->path, a->sha256, b->sha256, detail);
	pacs_dataset_free(da);
	pacs_dataset_free(db);
}

/* The next object that should be there. */
static const struct expected *
next(const struct bucket *b, size_t *i)
{
	while (*i < b->count && !b->list[*i].there)
		(*i)++;
	return *i < b->count ? &b->list[*i] : NULL;
}

static void
merge(struct sides *s, const struct bucket *a, const struct bucket *b)
{
	const struct expected *x, *y;
	size_t i = 0, j = 0;

	for (;;) {
		int c;

		x = next(a, &i);
		y = next(b, &j);
		if (!x && !y)
			return;
		c = !x ? 1 : !y ? -1 : strcmp(x->path, y->path);
		i += c <= 0;
		j += c >= 0;
		if (c < 0)
			s->fn(s->ctx, PACS_ONLY_HERE, x->path, x->sha256, "",
			      "");
		else if (c > 0)
			s->fn(s->ctx, PACS_ONLY_THERE, y->path, "", y->sha256,
			      "");
		else if (strcmp(x->sha256, y->sha256) == 0)
			++*s->same;
		else
			compare_meaning(s, x, y);
	}
}

static enum pacs_err
spool_ledger(struct pacs_error *err, const struct pacs_archive *ar,
	     struct spool *s)
{
	const struct pacs_ledger_line *line;
	struct pacs_ledger_reader *r;
	enum pacs_err rc;

	rc = pacs_ledger_open(err, ar, NULL, &r);
	while (!rc && !(rc = pacs_ledger_next(err, r, &line)) && line)
		rc = spool_add(err, s, line);
	pacs_ledger_close(r);
	if (rc)
		pacs_error_wrap(err, "'%s'", pacs_archive_path(ar));
	return rc;
}

static enum pacs_err
compare_bucket(struct pacs_error *err, struct sides *s, unsigned number)
{
	static const struct pacs_fixity_options all;
	struct bucket b[2] = {{.count = 0}, {.count = 0}};
	enum pacs_err rc = PACS_OK;
	int i;

	for (i = 0; !rc && i < 2; i++)
		rc = spool_settle(err, s->spool[i], s->ar[i], number, &all,
				  &b[i]);
	if (!rc)
		merge(s, &b[0], &b[1]);
	for (i = 0; i < 2; i++)
		bucket_clear(&b[i]);
	return rc;
}

enum pacs_err
pacs_fixity_against(struct pacs_error *err, const struct pacs_archive *here,
		    const struct pacs_archive *there,
		    pacs_pixel_decoder *decode, pacs_against_fn *fn, void *ctx,
		    uint64_t *ret_same)
{
	struct sides s = {.ar = {here, there},
			  .decode = decode,
			  .fn = fn,
			  .ctx = ctx,
			  .same = ret_same};
	uint64_t bytes[2], most;
	enum pacs_err rc = PACS_OK;
	uint32_t segments;
	unsigned i;

	*ret_same = 0;
	for (i = 0; i < 2; i++)
		pacs_ledger_extent(s.ar[i], &segments, &bytes[i]);
	/* The same buckets on both sides. */
	most = bytes[0] > bytes[1] ? bytes[0] : bytes[1];
	for (i = 0; !rc && i < 2; i++) {
		rc = spool_open(err, most, &s.spool[i]);
		if (!rc)
			rc = spool_ledger(err, s.ar[i], s.spool[i]);
	}
	for (i = 0; !rc && i < spool_buckets(s.spool[0]); i++)
		rc = compare_bucket(err, &s, i);
	spool_close(s.spool[0]);
	spool_close(s.spool[1]);
	return rc;
}
