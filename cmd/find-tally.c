/* The answer of pacs-find as numbers: how many records, how many of them have
 * each value of a key, the sum of a key. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/find.h"

enum pacs_err
find_count(struct pacs_error *err, struct ctx *x)
{
	char text[24];

	if (pacs_index_count(err, x->ix, &x->q.query, x->level, &x->tally.done))
		return err->code;
	if (x->tally.done > flags.limit)
		x->tally.done = flags.limit;
	snprintf(text, sizeof(text), "%" PRIu64, x->tally.done);
	cli_line(text);
	return PACS_OK;
}

static const struct cli_field tally_fields[] = {
    {"value", CLI_TEXT, "--group: a value of KEY; empty: none"},
    {"count", CLI_NUMBER, "--group: how many records have it"},
    {"sum", CLI_NUMBER, "--group with --sum: over those"},
    {NULL, CLI_TEXT, NULL},
};

static void
tallied(void *ctx, const char *value, uint64_t n, double sum)
{
	struct ctx *x = ctx;
	char number[24], total[32];
	const char *values[] = {value, number, total};

	x->tally.done += n;
	snprintf(number, sizeof(number), "%" PRIu64, n);
	snprintf(total, sizeof(total), "%.15g", sum);
	if (flags.group)
		cli_record(x->records, values);
	else
		cli_line(total);
}

static void
tally_key(const struct ctx *x, const char *name, enum pacs_key_id *ret)
{
	struct pacs_error err = PACS_ERROR_INIT;

	*ret = PACS_KEY_COUNT;
	if (name && pacs_keyring_find(&err, &x->q.ring, name, ret))
		cli_usage("%s", err.msg);
}

enum pacs_err
find_tally(struct pacs_error *err, struct ctx *x)
{
	enum pacs_key_id group, sum;

	tally_key(x, flags.group, &group);
	tally_key(x, flags.sum, &sum);
	if (flags.sum && pacs_key_of(&x->q.ring, sum)->type != PACS_TYPE_NUMBER)
		cli_usage("'%s' is no number", flags.sum);
	if (flags.group)
		x->records =
		    cli_records_new(tally_fields, flags.sum ? "value,count,sum"
							    : "value,count");
	if (pacs_index_tally(err, x->ix, &x->q.query, x->level, group, sum,
			     tallied, x) == PACS_EUSAGE)
		cli_usage("%s", err->msg);
	if (!x->tally.done && !flags.group)
		cli_line("0");
	return err->code;
}
