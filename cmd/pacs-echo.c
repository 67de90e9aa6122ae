/* Is a peer there? C-ECHO as ping and as a check. pacs-echo(1) is the
 * reference. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cmd/peer-options.h"
#include "peer/echo.h"

static bool contexts;
static uint64_t expires_days = 14;

static const struct cli_opt opts[] = {
    CLI_OPT_ARCHIVE,
    CLI_OPT_FORMAT,
    CLI_OPT_FIELDS,
    PEER_OPT_AETITLE,
    {0, "contexts", NULL, NULL,
     "print what storage classes it takes, in which syntaxes", CLI_FLAG,
     &contexts},
    {0, "expires", "DAYS", "none",
     "a certificate that ends sooner is a no (default: 14)", CLI_UINT,
     &expires_days},
    PEER_OPT_TIMEOUTS,
    PEER_OPT_TLS,
    CLI_END,
};

enum {
	PEER,
	OUTCOME,
	REASON,
	STATUS,
	CONNECT_MS,
	ECHO_MS,
	IMPLEMENTATION,
	IMPLEMENTATION_UID,
	MAX_PDU,
	TLS_VERSION,
	TLS_SUITE,
	TLS_EXPIRES,
	CLASS,
	CLASS_NAME,
	SYNTAX,
	FIELDS
};
static const struct cli_field fields[FIELDS + 1] = {
    [PEER] = {"peer", CLI_TEXT, "as it was named"},
    [OUTCOME] = {"outcome", CLI_TEXT, "ok, refused or failed"},
    [REASON] = {"reason", CLI_TEXT, "why, one word; empty for ok"},
    [STATUS] = {"status", CLI_TEXT, "of the C-ECHO, four hex digits"},
    [CONNECT_MS] = {"connect_ms", CLI_NUMBER,
		    "connecting, TLS and negotiation"},
    [ECHO_MS] = {"echo_ms", CLI_NUMBER, "round trip of the C-ECHO"},
    [IMPLEMENTATION] = {"implementation", CLI_TEXT,
			"version name that it gives"},
    [IMPLEMENTATION_UID] = {"implementation_uid", CLI_TEXT,
			    "class UID that it gives"},
    [MAX_PDU] = {"max_pdu_bytes", CLI_NUMBER,
		 "longest PDU that it takes; 0: any"},
    [TLS_VERSION] = {"tls_version", CLI_TEXT, "empty if plain"},
    [TLS_SUITE] = {"tls_suite", CLI_TEXT, "empty if plain"},
    [TLS_EXPIRES] = {"tls_expires", CLI_TEXT,
		     "end of its certificate, UTC; empty if plain"},
    [CLASS] = {"SOPClassUID", CLI_TEXT, "--contexts: a class it takes"},
    [CLASS_NAME] = {"class_name", CLI_TEXT, "--contexts: its name"},
    [SYNTAX] = {"syntax", CLI_TEXT, "--contexts: the syntax it takes it in"},
    [FIELDS] = {NULL, CLI_TEXT, NULL},
};

static const struct cli_program program = {
    .name = "pacs-echo",
    .summary = "is a peer there, and what does it take?",
    .operands = "PEER ...",
    .opts = opts,
    .fields = fields,
};

struct ctx {
	struct cli_records *records;
	struct cli_tally tally;
	enum pacs_err worst; /* of the peers */
};

static bool
stopped(void *p)
{
	(void)p;
	return cli_stopped() != 0;
}

/* --- one record -------------------------------------------------------- */

struct texts {
	char status[8], connect[32], echo[32], pdu[16], expires[PACS_TIME_SIZE];
};

static const char *
milliseconds(char *buf, size_t size, uint64_t us)
{
	snprintf(buf, size, "%" PRIu64 ".%03u", us / 1000,
		 (unsigned)(us % 1000));
	return us ? buf : NULL;
}

static void
print(struct ctx *c, const char *peer, const struct pacs_echo *e,
      const struct pacs_context *context)
{
	const struct pacs_sop_class *class =
	    context ? pacs_sop_class_find(context->sop_class) : NULL;
	const char *values[FIELDS];
	struct texts t = {"", "", "", "", ""};

	snprintf(t.pdu, sizeof(t.pdu), "%u", (unsigned)e->info.peer_pdu);
	if (e->status >= 0)
		snprintf(t.status, sizeof(t.status), "%04X",
			 (unsigned)e->status & 0xffff);
	if (e->info.tls_expires)
		pacs_time_format(e->info.tls_expires * 1000000, t.expires);
	values[PEER] = peer;
	values[OUTCOME] = e->outcome;
	values[REASON] = e->reason;
	values[STATUS] = t.status;
	values[CONNECT_MS] =
	    milliseconds(t.connect, sizeof(t.connect), e->connect_us);
	values[ECHO_MS] = milliseconds(t.echo, sizeof(t.echo), e->echo_us);
	values[IMPLEMENTATION] = e->info.implementation_version;
	values[IMPLEMENTATION_UID] = e->info.implementation_uid;
	values[MAX_PDU] = e->connect_us ? t.pdu : NULL;
	values[TLS_VERSION] = e->info.tls_version;
	values[TLS_SUITE] = e->info.tls_suite;
	values[TLS_EXPIRES] = t.expires;
	values[CLASS] = context ? context->sop_class : "";
	values[CLASS_NAME] = class ? class->name : "";
	values[SYNTAX] = context ? context->accepted : "";
	cli_record(c->records, values);
}

/* --- what it takes -------------------------------------------------------- */

static const char *const probed[] = {
    PACS_SYNTAX_IMPLICIT_LE,  PACS_SYNTAX_EXPLICIT_LE,
    PACS_SYNTAX_DEFLATED_LE,  "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.5",
};
enum { PROBED = sizeof(probed) / sizeof(*probed) };

/* The storage classes, as many associations as they need. */
static enum pacs_err
probe(struct pacs_error *err, struct ctx *c, const struct pacs_peer *peer,
      struct pacs_echo *e)
{
	struct pacs_context list[PACS_CONTEXTS_MAX - 1];
	size_t at = 0, n, i;
	const struct pacs_sop_class *class;

	do {
		for (n = 0; n + PROBED < PACS_CONTEXTS_MAX; at++) {
			class = pacs_sop_class_at(at);
			if (!class)
				break;
			if (!class->storage || class->retired)
				continue;
			for (i = 0; i < PROBED; i++, n++) {
				memset(&list[n], 0, sizeof(list[n]));
				snprintf(list[n].sop_class,
					 sizeof(list[n].sop_class), "%s",
					 class->uid);
				list[n].syntaxes[0] = probed[i];
			}
		}
		if (pacs_echo(err, peer, peer->aetitle, list, n, stopped, NULL,
			      e))
			return err->code;
		for (i = 0; i < n; i++)
			if (!list[i].result)
				print(c, peer->name, e, &list[i]);
	} while (class);
	return PACS_OK;
}

/* --- one peer ---------------------------------------------------------- */

/* A peer that says no, or will soon: status 4; else 75. */
static void
judge(struct ctx *c, enum pacs_err code)
{
	if (!c->worst || pacs_err_status(code) < pacs_err_status(c->worst))
		c->worst = code;
}

static void
check_expiry(struct ctx *c, const char *name, struct pacs_echo *e)
{
	int64_t left = e->info.tls_expires - pacs_time_us() / 1000000;

	if (!e->info.tls_expires || left >= (int64_t)expires_days * 86400)
		return;
	cli_warn("%s: its certificate ends in %" PRId64 " days", name,
		 left / 86400);
	e->outcome = "refused";
	e->reason = "expires";
	judge(c, PACS_EREFUSED);
}

static void
one(struct ctx *c, const char *name)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_peer peer;
	struct pacs_echo e;

	peer_find(name, &peer);
	if (contexts)
		(void)!probe(&err, c, &peer, &e);
	else
		(void)!pacs_echo(&err, &peer, peer.aetitle, NULL, 0, stopped,
				 NULL, &e);
	if (err.code) {
		cli_warn_error(&err, name);
		judge(c, err.code);
	} else {
		check_expiry(c, name, &e);
		c->tally.done++;
	}
	if (!contexts || err.code)
		print(c, peer.name, &e, NULL);
	cli_flush();
	pacs_peer_clear(&peer);
}

int
main(int argc, char **argv)
{
	struct ctx c = {0};
	int count;
	char **peers = cli_start(&program, argc, argv, &count);

	if (!count)
		cli_usage("a peer is missing: AET@host:port, or a name of the "
			  "address book");
	if (expires_days > 36500)
		cli_usage("--expires takes up to 36500 days");
	peer_check_usage();
	c.records = cli_records_new(
	    fields, contexts
			? "peer,outcome,reason,SOPClassUID,class_name,syntax"
			: "peer,outcome,reason,status,connect_ms,echo_ms,"
			  "implementation,tls_version,tls_expires");
	for (; *peers && !cli_stopped(); peers++)
		one(&c, *peers);
	c.tally.fatal = c.worst;
	return cli_finish(&c.tally);
}
