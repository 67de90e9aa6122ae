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

/* Nothing but metrics may be in the file, so that is what it is known by. */
#define FIRST_WORDS "# TYPE pacs_verify_"
#define STATE_MAX   (1u << 20)

#define LEDGER "pacs_verify_ledger_bytes"

struct pacs_verify_state {
	char *path;
	char archive[37];             /* its uuid */
	struct pacs_cursor ledger;    /* segment 0: not known */
	int64_t checked[PACS_SHARDS]; /* seconds since 1970; 0 = never */
};

static int64_t
now_s(void)
{
	return pacs_time_us() / 1000000;
}

/* A time to come was written by a clock that was wrong: nothing is known. */

static void
take_shard(struct pacs_verify_state *s, const char *line)
{
	static const char key[] = "pacs_verify_shard_checked_seconds{shard=\"";
	const char *hex = line + sizeof(key) - 1;
	unsigned long shard;
	char *end;

	if (strncmp(line, key, sizeof(key) - 1) != 0)
		return;
	shard = strtoul(hex, &end, 16);
	if (end != hex + 3 || strncmp(end, "\"} ", 3) != 0 ||
	    shard >= PACS_SHARDS)
		return;
	s->checked[shard] = strtoll(end + 3, NULL, 10);
	if (s->checked[shard] < 0 || s->checked[shard] > now_s())
		s->checked[shard] = 0;
}

/* NAME="VALUE", at *at, which goes behind it. */
static bool
take_label(const char **at, const char *name, char *ret, size_t room)
{
	size_t n = strlen(name), len;
	const char *s;

	if (strncmp(*at, name, n) != 0 || strncmp(*at + n, "=\"", 2) != 0)
		return false;
	s = *at + n + 2;
	len = strcspn(s, "\"");
	if (!s[len] || !s[len + 1] || len >= room)
		return false;
	memcpy(ret, s, len);
	ret[len] = '\0';
	*at = s + len + 2; /* a comma, or the brace */
	return true;
}

static enum pacs_err
take_ledger(struct pacs_error *err, struct pacs_verify_state *s,
	    const char *line)
{
	const char *at = line + sizeof(LEDGER "{") - 1;
	struct pacs_cursor c;
	char uuid[37], segment[8];

	if (strncmp(line, LEDGER "{", sizeof(LEDGER "{") - 1) != 0 ||
	    !take_label(&at, "archive", uuid, sizeof(uuid)) ||
	    !take_label(&at, "segment", segment, sizeof(segment)) ||
	    !take_label(&at, "check", c.check, sizeof(c.check)))
		return PACS_OK;
	c.segment = (uint32_t)strtoul(segment, NULL, 10);
	c.offset = strtoull(at, NULL, 10);
	if (strcmp(uuid, s->archive) != 0)
		return pacs_error_set(err, PACS_EFORMAT,
				      "'%s' is the state of another archive",
				      s->path);
	s->ledger = c;
	return PACS_OK;
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
		       const char *archive, struct pacs_verify_state **ret_s)
{
	struct pacs_verify_state *s = pacs_calloc(1, sizeof(*s));
	struct pacs_buf b = {0};
	char *line, *save = NULL;
	enum pacs_err rc;

	*ret_s = NULL;
	s->path = pacs_strdup(path);
	snprintf(s->archive, sizeof(s->archive), "%s", archive);
	rc = pacs_file_slurp(err, AT_FDCWD, path, STATE_MAX, &b);
	if (rc == PACS_ENOTFOUND) {
		pacs_error_clear(err);
		rc = can_be_made(err, path);
	} else if (!rc && strncmp(pacs_buf_str(&b), FIRST_WORDS,
				  strlen(FIRST_WORDS)) != 0) {
		/* Never write over what is somebody else's. */
		rc = pacs_error_set(err, PACS_EFORMAT,
				    "'%s' is not a state of pacs-verify", path);
	} else if (!rc) {
		for (line = strtok_r(b.data, "\n", &save); !rc && line;
		     line = strtok_r(NULL, "\n", &save)) {
			take_shard(s, line);
			rc = take_ledger(err, s, line);
		}
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
	s->checked[shard] = now_s();
}

const struct pacs_cursor *
pacs_verify_state_ledger(const struct pacs_verify_state *s)
{
	return s->ledger.segment ? &s->ledger : NULL;
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
		  now_s());
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

/* A line that a writer has not yet flushed may be lost with the power, and be
 * no loss. */
static bool
is_durable(const struct pacs_archive *ar, uint32_t segment)
{
	struct pacs_error err = PACS_ERROR_INIT;
	char name[32];

	snprintf(name, sizeof(name), "ledger/%06u.tsv", segment);
	return !pacs_fs_sync_path(&err, pacs_archive_dirfd(ar), name);
}

/* Where the ledger is not what it was, the state that it had stays, and so does
 * the finding. */
static void
add_ledger(struct pacs_buf *b, struct pacs_verify_state *s,
	   const struct pacs_archive *ar, const struct pacs_fixity_tally *t)
{
	if (t->ledger_end.segment && is_durable(ar, t->ledger_end.segment))
		s->ledger = t->ledger_end;
	if (!s->ledger.segment)
		return;
	gauge(b, LEDGER, "how far the ledger was read, in its last segment");
	pacs_buf_addf(b,
		      LEDGER "{archive=\"%s\",segment=\"%06" PRIu32
			     "\",check=\"%s\"} %" PRIu64 "\n",
		      s->archive, s->ledger.segment, s->ledger.check,
		      s->ledger.offset);
}

enum pacs_err
pacs_verify_state_write(struct pacs_error *err, struct pacs_verify_state *s,
			const struct pacs_archive *ar,
			const struct pacs_fixity_tally *t)
{
	int64_t oldest = s->checked[pacs_verify_state_oldest(s)];
	struct pacs_buf b = {0};
	enum pacs_err rc;
	unsigned i;

	add_run(&b, t);
	add_ledger(&b, s, ar, t);
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
