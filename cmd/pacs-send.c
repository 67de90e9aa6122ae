/* Send objects to a peer. pacs-send(1) is the reference. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cmd/peer-options.h"
#include "cmd/send-records.h"
#include "cmd/send-source.h"
#include "peer/send.h"
#include "peer/window.h"

static struct {
	const char *transcode, *query_file, *journal, *window;
	bool print, commit, plan;
	uint64_t retry, jobs, commit_wait, commit_port, rate;
} flags = {.retry = 120, .commit_wait = 60};

static const struct cli_opt opts[] = {
    CLI_OPT_ARCHIVE,
    CLI_OPT_FIELDS,
    CLI_OPT_FORMAT,
    {'j', "jobs", "N", "none", "associations at once (default: 1)", CLI_UINT,
     &flags.jobs},
    CLI_OPT_NUL,
    PEER_OPT_AETITLE,
    {0, "commit", NULL, NULL, "ask the peer to say that it keeps them",
     CLI_FLAG, &flags.commit},
    {0, "commit-port", "PORT", "none",
     "where we listen for a peer that calls back to say so", CLI_UINT,
     &flags.commit_port},
    {0, "commit-wait", "SECONDS", "none",
     "how long to wait for its word (default: 60)", CLI_UINT,
     &flags.commit_wait},
    {0, "journal", "FILE", "file",
     "note what was accepted; a second run sends the rest", CLI_STRING,
     &flags.journal},
    {0, "plan", NULL, NULL, "ask the peer what it would take, send nothing",
     CLI_FLAG, &flags.plan},
    {0, "print", NULL, NULL, "print a record per object", CLI_FLAG,
     &flags.print},
    {0, "query", "FILE", "file",
     "send what fits the conditions in a file; - stdin", CLI_STRING,
     &flags.query_file},
    {0, "rate", "BYTES", "none", "send so many bytes a second at most: 20M",
     CLI_RATE, &flags.rate},
    {0, "retry", "SECONDS", "none",
     "try again for so long without progress (default: 120)", CLI_UINT,
     &flags.retry},
    PEER_OPT_TIMEOUTS,
    PEER_OPT_TLS,
    {0, "transcode", "HOW", "never|lossless",
     "for a peer that does not take the stored syntax (default: lossless)",
     CLI_WORD, &flags.transcode},
    {0, "window", "WHEN", "none", "send at these times: 'Mon-Fri 20:00-06:00'",
     CLI_STRING, &flags.window},
    CLI_END,
};

static const struct cli_program program = {
    .name = "pacs-send",
    .summary = "send objects to another system, and know what became of them",
    .operands = "PEER ITEM ... | - | KEY=VALUE ...",
    .opts = opts,
    .fields = send_fields,
};

struct ctx {
	struct send_source source;
	struct pacs_journal *journal; /* NULL: none */
	uint64_t planned;
	const char *peer_name;
	unsigned hups; /* those that were seen */
	struct pacs_peer **peers;
	size_t peer_count;
	struct cli_records *records;
	uint64_t unreached; /* objects that nobody was there for */
	struct cli_tally tally;
};

static bool
next_path(void *p, struct pacs_buf *path)
{
	struct ctx *c = p;

	return send_source_next(&c->source, path);
}

/* --- what became of it ------------------------------------------------- */

static bool
is_uncommitted(const struct pacs_send_record *r)
{
	return r->committed == PACS_COMMIT_NO ||
	       r->committed == PACS_COMMIT_UNKNOWN;
}

static void
count_accepted(struct ctx *c, const struct pacs_send_record *r)
{
	if (!is_uncommitted(r)) {
		c->tally.done++;
		return;
	}
	c->tally.failed++;
	cli_warn("%s: sent, and not committed (%s)", r->path,
		 pacs_committed_word(r->committed));
}

static void
on_record(void *p, const struct pacs_send_record *r)
{
	struct ctx *c = p;

	if (c->records && !flags.plan) {
		send_print_record(c->records, r);
		cli_flush();
	}
	switch (r->outcome) {
	case PACS_SENT:
	case PACS_SENT_WARNED:
		count_accepted(c, r);
		if (r->outcome == PACS_SENT)
			return;
		break;
	case PACS_SENT_SKIPPED:
		return;
	default:
		c->tally.failed++;
		/* It is nothing about the object, and true of all the rest. */
		if (!strcmp(r->reason, "unreachable")) {
			c->unreached++;
			return;
		}
		break;
	}
	send_warn_of(r);
}

static void
on_note(void *p, const char *text)
{
	(void)p;
	cli_say("%s", text);
}

static void
say_summary(const struct pacs_send_tally *t)
{
	cli_note("%" PRIu64 " sent, %" PRIu64 " with a warning, %" PRIu64
		 " refused, %" PRIu64 " failed, %" PRIu64 " unknown, %" PRIu64
		 " skipped",
		 t->outcomes[PACS_SENT],
		 t->outcomes[PACS_SENT_WARNED] + t->outcomes[PACS_SENT_DROPPED],
		 t->outcomes[PACS_SENT_REFUSED], t->outcomes[PACS_SENT_FAILED],
		 t->outcomes[PACS_SENT_UNKNOWN],
		 t->outcomes[PACS_SENT_SKIPPED]);
}

/* Status 75 also where the run went to its end, and all that was not accepted
 * may be another time. */
static void
judge(struct ctx *c, const struct pacs_send_tally *t,
      const struct pacs_error *err)
{
	uint64_t seen = 0, bad = t->outcomes[PACS_SENT_REFUSED] +
				 t->outcomes[PACS_SENT_FAILED] +
				 t->outcomes[PACS_SENT_UNKNOWN];
	int i;

	for (i = 0; i < PACS_SENT_SKIPPED; i++)
		seen += t->outcomes[i];
	if (c->unreached)
		cli_warn("%" PRIu64 " objects were not sent (unreachable)",
			 c->unreached);
	if (err->code) {
		if (err->code != PACS_EINTERRUPTED)
			cli_warn_error(err, NULL);
		c->tally.fatal = err->code;
	} else if (c->source.err.code) {
		cli_warn_error(&c->source.err, NULL);
		c->tally.fatal = c->source.err.code;
	} else if (bad && bad == t->transient && !t->uncommitted &&
		   !t->outcomes[PACS_SENT_DROPPED]) {
		c->tally.fatal = PACS_EBUSY;
	} else if (!seen && !c->planned) {
		cli_say("nothing to send was found");
		c->tally.no = true;
	}
}

/* What the command line says stands above the address book. */
static void
override(struct pacs_peer *peer)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_window w;

	if (flags.rate)
		peer->rate = flags.rate;
	if (flags.commit_port)
		peer->commit_port = (unsigned)flags.commit_port;
	if (!flags.window)
		return;
	if (pacs_window_parse(&err, flags.window, &w))
		cli_usage("%s", err.msg);
	peer->window = flags.window;
}

static void
on_plan(void *p, const struct pacs_send_plan *plan)
{
	struct ctx *c = p;

	send_print_plan(c->records, plan);
	c->planned += plan->objects;
	if (!strcmp(plan->how, "refused"))
		c->tally.no = true;
}

static void
plan_or_send(struct pacs_error *err, struct ctx *c,
	     const struct pacs_send_options *o,
	     const struct pacs_send_hooks *hooks, struct pacs_send_tally *told)
{
	if (flags.plan)
		(void)!pacs_send_plan(err, o, hooks, told, on_plan, c);
	else
		(void)!pacs_send(err, o, hooks, told);
}

/* The address book, read anew. What it said before is in use somewhere: it
 * stays until the end. */
static const struct pacs_peer *
on_reload(void *p)
{
	struct ctx *c = p;
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_peer *fresh;

	if (cli_hups() == c->hups)
		return NULL;
	c->hups = cli_hups();
	fresh = pacs_calloc(1, sizeof(*fresh));
	pacs_peer_init(fresh);
	if (peer_look_up(&err, c->peer_name, fresh)) {
		cli_warn_error(&err, NULL);
		pacs_peer_clear(fresh);
		free(fresh);
		return NULL;
	}
	override(fresh);
	cli_say("read the address book again");
	c->peers =
	    pacs_realloc(c->peers, (c->peer_count + 1) * sizeof(*c->peers));
	c->peers[c->peer_count++] = fresh;
	return fresh;
}

static void
run(struct ctx *c, const struct pacs_peer *peer)
{
	const struct pacs_send_hooks hooks = {
	    .ctx = c,
	    .next = next_path,
	    .record = on_record,
	    .note = on_note,
	    .stopped = cli_on_stopped,
	    .ending = cli_on_ending,
	    .progress = cli_on_progress,
	    .reload = on_reload,
	};
	const struct pacs_send_options o = {
	    .peer = peer,
	    .aetitle = peer->aetitle,
	    .jobs = (unsigned)flags.jobs,
	    .never_transcode =
		flags.transcode && !strcmp(flags.transcode, "never"),
	    .budget_ms = (unsigned)flags.retry * 1000,
	    .journal = c->journal,
	    .commit = flags.commit,
	    .commit_ms = (unsigned)flags.commit_wait * 1000,
	};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_send_tally told;

	cli_progress_start("sending", 0, 0);
	plan_or_send(&err, c, &o, &hooks, &told);
	cli_progress_end();
	say_summary(&told);
	c->tally.told = true;
	judge(c, &told, &err);
}

/* Filed by where the objects went, whatever it is called here. */
static void
open_journal(struct ctx *c, const struct pacs_peer *peer)
{
	struct pacs_error err = PACS_ERROR_INIT;
	char *key;

	if (!flags.journal)
		return;
	key = pacs_format("%s@%s:%u", peer->title, peer->host, peer->port);
	if (pacs_journal_open(&err, flags.journal, key, &c->journal))
		cli_die(&err);
	free(key);
}

static void
check_usage(int count)
{
	if (!count)
		cli_usage("a peer is missing: AET@host:port, or a name of the "
			  "address book");
	if (count < 2 && !flags.query_file)
		cli_usage("nothing to send: name files, folders, UIDs, or "
			  "conditions; '-' for a list");
	if (flags.retry > 86400 || flags.commit_wait > 86400)
		cli_usage("--retry and --commit-wait take up to 86400 seconds");
	if (flags.commit_port && !flags.commit)
		cli_usage("--commit-port needs --commit");
	if (flags.commit_port > 65535)
		cli_usage("a port is 1 to 65535");
	peer_check_usage();
}

/* The peer as it was in each address book that was read. */
static void
peers_free(struct ctx *c)
{
	while (c->peer_count) {
		pacs_peer_clear(c->peers[--c->peer_count]);
		free(c->peers[c->peer_count]);
	}
	free(c->peers);
}

int
main(int argc, char **argv)
{
	struct ctx c = {.source.err = PACS_ERROR_INIT};
	struct pacs_peer peer;
	int count;

	c.source.operands.next = cli_start(&program, argc, argv, &count);
	check_usage(count);
	c.peer_name = *c.source.operands.next++;
	peer_find(c.peer_name, &peer);
	cli_watch_hup();
	override(&peer);
	if (!flags.jobs)
		flags.jobs = peer.jobs ? peer.jobs : 1;
	if (flags.jobs > 64)
		cli_usage("-j takes 1 to 64");
	send_source_begin(&c.source, flags.query_file);
	if (flags.plan)
		c.records = cli_records_new(send_fields, send_plan_fields);
	else if (flags.print)
		c.records = cli_records_new(send_fields, send_record_fields);
	open_journal(&c, &peer);
	run(&c, &peer);
	pacs_journal_close(c.journal);
	send_source_end(&c.source);
	peers_free(&c);
	pacs_peer_clear(&peer);
	return cli_finish(&c.tally);
}
