/*
 * What all commands that talk to a peer take: who we are, TLS, timeouts; and
 * how a peer is found.
 */
#ifndef PACS_CMD_PEER_OPTIONS_H
#define PACS_CMD_PEER_OPTIONS_H

#include "cli/cli.h"
#include "peer/book.h"

extern struct peer_flags {
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
	 "for each step after it (default: 30 to 120)", CLI_UINT, \
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

void peer_check_usage(void);
/* The peer that text names: AET@host:port or a name of the address book, with
 * what the command line says above that. The caller inits and clears *p. */
enum pacs_err peer_look_up(struct pacs_error *err, const char *text,
			   struct pacs_peer *p) PACS_MUST_CHECK;
/* The same, with init; the program ends if there is none. */
void peer_find(const char *text, struct pacs_peer *p);

#endif
