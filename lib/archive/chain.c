/*
 * The lines of the ledger and the chain of checks that runs through them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/internal.h"

#define ORIGIN_MAX 90u /* AE title, "@" and a host name */

static const char *const op_names[] = {
    [PACS_OP_STORE] = "store",
    [PACS_OP_ADOPT] = "adopt",
    [PACS_OP_QUARANTINE] = "quarantine",
    [PACS_OP_PURGE] = "purge",
    [PACS_OP_VOID] = "void",
    [PACS_OP_EPOCH] = "epoch",
    [PACS_OP_AMEND] = "amend",
    [PACS_OP_REPLACE] = "replace",
    [PACS_OP_RELEASE] = "x-release",
};

const char *
pacs_op_name(enum pacs_op op)
{
	return op < PACS_OP_OTHER ? op_names[op] : "x-";
}

bool
pacs_op_places(enum pacs_op op)
{
	return op == PACS_OP_STORE || op == PACS_OP_ADOPT ||
	       op == PACS_OP_REPLACE;
}

/* False for a word that a program must not skip. */
static bool
op_parse(const char *name, enum pacs_op *ret)
{
	int op;

	for (op = 0; op < PACS_OP_OTHER; op++) {
		if (strcmp(name, op_names[op]) == 0) {
			*ret = (enum pacs_op)op;
			return true;
		}
	}
	*ret = PACS_OP_OTHER;
	return strncmp(name, "x-", 2) == 0;
}

void
chain_check(struct pacs_digest *d, const char *previous, const char *text,
	    size_t len, char ret[PACS_CHECK_ROOM])
{
	uint8_t raw[PACS_SHA256_SIZE];

	pacs_digest_add(d, previous, PACS_CHECK_ROOM - 1);
	pacs_digest_add(d, text, len);
	pacs_digest_end(d, raw);
	pacs_hex(raw, (PACS_CHECK_ROOM - 1) / 2, ret);
}

bool
chain_continues(struct pacs_digest *d, const char *previous, const char *line,
		size_t len, char ret[PACS_CHECK_ROOM])
{
	const size_t check = PACS_CHECK_ROOM - 1;
	char want[PACS_CHECK_ROOM];

	if (len < check + 1 || line[len - check - 1] != '\t')
		return false;
	chain_check(d, previous, line, len - check - 1, want);
	if (memcmp(want, line + len - check, check) != 0)
		return false;
	memcpy(ret, want, PACS_CHECK_ROOM);
	return true;
}

void
segment_name(uint32_t segment, char ret[32])
{
	snprintf(ret, 32, "ledger/%06u.tsv", segment);
}

/* Segments are numbered without gaps, so doubling and halving finds the last
 * one in a few calls however many there are. */
uint32_t
segment_last(const struct pacs_archive *ar, uint32_t at_least)
{
	uint32_t low = at_least ? at_least : 1, step = 1;
	char name[32];

	segment_name(low, name);
	if (faccessat(ar->dirfd, name, F_OK, 0) != 0)
		return 0;
	for (;;) {
		segment_name(low + step, name);
		if (faccessat(ar->dirfd, name, F_OK, 0) == 0) {
			low += step;
			step *= 2;
		} else if (step > 1) {
			step = 1;
		} else {
			return low;
		}
	}
}

static const char *
or_dash(const char *s)
{
	return s && *s ? s : "-";
}

void
line_encode(struct pacs_buf *out, const char *value, size_t max)
{
	const unsigned char *p = (const unsigned char *)value;

	for (; *p && max; p++, max--) {
		if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')
			pacs_buf_addc(out, (char)*p);
		else if (strchr("0123456789._:,@/+-", *p))
			pacs_buf_addc(out, (char)*p);
		else
			pacs_buf_addf(out, "%%%02X", *p);
	}
}

void
line_format(struct pacs_buf *out, const char *time, enum pacs_op op,
	    const struct pacs_triple *t, uint64_t size, const char *sha256,
	    const char *origin, const char *extra)
{
	pacs_buf_addf(out, "%s\t%s\t%s\t%s\t%s\t%llu\t%s\t", time,
		      pacs_op_name(op), or_dash(t ? t->study : NULL),
		      or_dash(t ? t->series : NULL),
		      or_dash(t ? t->instance : NULL), (unsigned long long)size,
		      or_dash(sha256));
	line_encode(out, or_dash(origin), ORIGIN_MAX);
	if (extra && *extra)
		pacs_buf_addf(out, "\t%s", extra);
}

/* Cut the next field off; NULL when there is none. */
static char *
field(char **rest)
{
	char *s = strsep(rest, "\t");

	return s && strcmp(s, "-") == 0 ? s + 1 : s;
}

bool
line_parse(char *text, struct pacs_ledger_line *ret)
{
	char *f[8], *rest = text, *end, *check;
	size_t i;

	check = strrchr(text, '\t');
	if (!check)
		return false;
	*check = '\0';
	for (i = 0; i < 8; i++) {
		f[i] = field(&rest);
		if (!f[i])
			return false;
	}
	ret->time = f[0];
	ret->op_name = f[1];
	ret->study = f[2];
	ret->series = f[3];
	ret->instance = f[4];
	errno = 0;
	ret->size = strtoull(f[5], &end, 10);
	ret->sha256 = f[6];
	ret->origin = f[7];
	ret->extra = rest ? rest : "";
	return !errno && end != f[5] && *end == '\0' &&
	       (strlen(f[6]) == 64 || !*f[6]) &&
	       (op_parse(f[1], &ret->op) || (ret->op = PACS_OP_OTHER, true));
}

bool
pacs_ledger_extra(const struct pacs_ledger_line *line, const char *key,
		  char *buf, size_t size)
{
	const char *p = line->extra;
	size_t n = strlen(key);

	while (*p) {
		size_t len = strcspn(p, "\t");

		if (len > n && strncmp(p, key, n) == 0 && p[n] == '=') {
			if (len - n - 1 >= size)
				return false;
			memcpy(buf, p + n + 1, len - n - 1);
			buf[len - n - 1] = '\0';
			return true;
		}
		p += len;
		p += *p == '\t';
	}
	return false;
}
