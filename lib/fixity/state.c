#include "fixity/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/fs.h"
#include "base/mem.h"

#define FIRST_LINE "# pacs-verify state 1\n"
#define STATE_MAX  (1u << 20)

struct pacs_verify_state {
	char *path;
	int64_t checked[PACS_SHARDS]; /* seconds since 1970; 0 = never */
};

static void
take_line(struct pacs_verify_state *s, const char *line)
{
	static const char key[] = "pacs_verify_shard_checked_seconds{shard=\"";
	const char *hex = line + sizeof(key) - 1;
	unsigned long shard;
	char *end;

	if (strncmp(line, key, sizeof(key) - 1) != 0)
		return;
	shard = strtoul(hex, &end, 16);
	if (end == hex + 3 && !strncmp(end, "\"} ", 3) && shard < PACS_SHARDS)
		s->checked[shard] = strtoll(end + 3, NULL, 10);
}

/* Better said before hours of reading than behind them. */
static enum pacs_err
can_be_made(struct pacs_error *err, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? pacs_strndup(path, (size_t)(slash - path) + 1)
			  : pacs_strdup(".");

	if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) != 0)
		pacs_error_sys(err, errno, "cannot make '%s'", path);
	free(dir);
	return err->code;
}

enum pacs_err
pacs_verify_state_read(struct pacs_error *err, const char *path,
		       struct pacs_verify_state **ret_s)
{
	struct pacs_verify_state *s = pacs_calloc(1, sizeof(*s));
	struct pacs_buf b = {0};
	char *line, *save = NULL;
	enum pacs_err rc;

	*ret_s = NULL;
	s->path = pacs_strdup(path);
	rc = pacs_file_slurp(err, AT_FDCWD, path, STATE_MAX, &b);
	if (rc == PACS_ENOTFOUND) {
		pacs_error_clear(err);
		rc = can_be_made(err, path);
	} else if (!rc && strncmp(pacs_buf_str(&b), FIRST_LINE,
				  strlen(FIRST_LINE)) != 0) {
		/* Never write over what is somebody else's. */
		rc = pacs_error_set(err, PACS_EFORMAT,
				    "'%s' is not a state of pacs-verify", path);
	} else if (!rc) {
		for (line = strtok_r(b.data, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			take_line(s, line);
	}
	pacs_buf_clear(&b);
	if (rc) {
		pacs_verify_state_free(s);
		return rc;
	}
	*ret_s = s;
	return PACS_OK;
}

void
pacs_verify_state_free(struct pacs_verify_state *s)
{
	if (!s)
		return;
	free(s->path);
	free(s);
}

unsigned
pacs_verify_state_oldest(const struct pacs_verify_state *s)
{
	unsigned i, oldest = 0;

	for (i = 1; i < PACS_SHARDS; i++)
		if (s->checked[i] < s->checked[oldest])
			oldest = i;
	return oldest;
}

void
pacs_verify_state_checked(struct pacs_verify_state *s, unsigned shard)
{
	s->checked[shard] = pacs_time_us() / 1000000;
}

static void
gauge(struct pacs_buf *b, const char *name, const char *help)
{
	pacs_buf_addf(b, "# TYPE %s gauge\n# HELP %s %s\n", name, name, help);
}

static void
one_gauge(struct pacs_buf *b, const char *name, const char *help, int64_t value)
{
	gauge(b, name, help);
	pacs_buf_addf(b, "%s %" PRId64 "\n", name, value);
}

static void
add_run(struct pacs_buf *b, const struct pacs_fixity_tally *t)
{
	unsigned i;

	one_gauge(b, "pacs_verify_run_seconds", "when the last run ended",
		  pacs_time_us() / 1000000);
	one_gauge(b, "pacs_verify_run_objects", "objects in the last run",
		  (int64_t)t->objects);
	one_gauge(b, "pacs_verify_run_bytes", "bytes read in the last run",
		  (int64_t)t->bytes);
	gauge(b, "pacs_verify_run_findings", "findings of the last run");
	for (i = 0; i < PACS_FAULT_COUNT; i++)
		pacs_buf_addf(
		    b, "pacs_verify_run_findings{kind=\"%s\"} %" PRIu64 "\n",
		    pacs_fault_word(i), t->findings[i]);
}

enum pacs_err
pacs_verify_state_write(struct pacs_error *err, struct pacs_verify_state *s,
			const struct pacs_fixity_tally *t)
{
	int64_t oldest = s->checked[pacs_verify_state_oldest(s)];
	struct pacs_buf b = {0};
	enum pacs_err rc;
	unsigned i;

	pacs_buf_adds(&b, FIRST_LINE);
	add_run(&b, t);
	one_gauge(&b, "pacs_verify_covered_seconds",
		  "all objects were checked since then; 0 = not yet", oldest);
	gauge(&b, "pacs_verify_shard_checked_seconds",
	      "when objects/SHARD was checked last");
	for (i = 0; i < PACS_SHARDS; i++)
		if (s->checked[i])
			pacs_buf_addf(&b,
				      "pacs_verify_shard_checked_seconds"
				      "{shard=\"%03x\"} %" PRId64 "\n",
				      i, s->checked[i]);
	pacs_buf_adds(&b, "# EOF\n");
	rc = pacs_fs_write_file(err, AT_FDCWD, s->path, 0644, b.data, b.len,
				true);
	pacs_buf_clear(&b);
	return rc;
}
