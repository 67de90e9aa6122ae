/*
 * What all commands that talk to a peer take: who we are, TLS, timeouts; and
 * how a peer is found.
 */
#ifndef PACS_CMD_PEER_OPTIONS_H
#define PACS_CMD_PEER_OPTIONS_H

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "peer/book.h"

static struct {
	const char *aetitle, *tls_ca, *tls_cert, *tls_key, *tls_name;
	bool tls;
	uint64_t connect, timeout;
} peer_flags;

/* clang-format off */
#define PEER_OPT_AETITLE \
	{0, "aetitle", "AET", "none", "our own title, else PACS_AET", \
	 CLI_STRING, &peer_flags.aetitle}
#define PEER_OPT_TIMEOUTS \
	{0, "connect-timeout", "SECONDS", "none", \
	 "for a connection (default: 10)", CLI_UINT, &peer_flags.connect}, \
	{0, "timeout", "SECONDS", "none", \
	 "for each step after it (default: 30, 60, 120)", CLI_UINT, \
	 &peer_flags.timeout}
#define PEER_OPT_TLS \
	{0, "tls", NULL, NULL, "over TLS", CLI_FLAG, &peer_flags.tls}, \
	{0, "tls-ca", "PATH", "file", \
	 "trusted certificates, a file or folder", CLI_STRING, \
	 &peer_flags.tls_ca}, \
	{0, "tls-cert", "FILE", "file", "our certificate, PEM", CLI_STRING, \
	 &peer_flags.tls_cert}, \
	{0, "tls-key", "FILE", "file", "its key, PEM", CLI_STRING, \
	 &peer_flags.tls_key}, \
	{0, "tls-name", "NAME", "none", \
	 "name in the peer's certificate; '*': any", CLI_STRING, \
	 &peer_flags.tls_name}
/* clang-format on */

static void
peer_check_usage(void)
{
	const char *aet = cli_aetitle(peer_flags.aetitle);

	if (!pacs_aet_is_valid(aet, strlen(aet)))
		cli_usage("'%s' is no title", aet);
	if (peer_flags.connect > 86400 || peer_flags.timeout > 86400)
		cli_usage("a timeout is 1 to 86400 seconds");
	if (!peer_flags.tls_cert != !peer_flags.tls_key)
		cli_usage("--tls-cert and --tls-key go together");
	if (!peer_flags.tls &&
	    (peer_flags.tls_ca || peer_flags.tls_cert || peer_flags.tls_name))
		cli_usage("--tls-ca, --tls-cert and --tls-name need --tls");
}

/* What the command line says stands above the address book. */
static void
peer_override(struct pacs_peer *p)
{
	if (peer_flags.connect)
		p->connect_ms = (unsigned)peer_flags.connect * 1000;
	if (peer_flags.timeout)
		p->negotiate_ms = p->answer_ms = p->idle_ms =
		    (unsigned)peer_flags.timeout * 1000;
	if (peer_flags.tls)
		p->use_tls = true;
	if (peer_flags.tls_ca)
		p->tls.ca = peer_flags.tls_ca;
	if (peer_flags.tls_cert) {
		p->tls.cert = peer_flags.tls_cert;
		p->tls.key = peer_flags.tls_key;
	}
	if (peer_flags.tls_name) {
		p->tls.name = peer_flags.tls_name;
		p->tls.any_name = !strcmp(peer_flags.tls_name, "*");
	}
	if (peer_flags.aetitle || !p->aetitle)
		p->aetitle = cli_aetitle(peer_flags.aetitle);
}

/* The peer that text names. The caller inits and clears *p. */
static enum pacs_err
peer_look_up(struct pacs_error *err, const char *text, struct pacs_peer *p)
{
	char *books[CLI_CONFIG_FILES];
	size_t n = cli_config_files("peers", books);

	(void)!pacs_peer_find(err, text, (const char *const *)books, n, p);
	while (n)
		free(books[--n]);
	if (!err->code)
		peer_override(p);
	return err->code;
}

/* The same, and the end if there is none. */
static void
peer_find(const char *text, struct pacs_peer *p)
{
	struct pacs_error err = PACS_ERROR_INIT;

	pacs_peer_init(p);
	if (!peer_look_up(&err, text, p))
		return;
	if (err.code == PACS_EUSAGE || err.code == PACS_ENOTFOUND)
		cli_usage("%s", err.msg);
	cli_die(&err);
}

#endif
