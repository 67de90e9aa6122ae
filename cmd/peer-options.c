#include "cmd/peer-options.h"

#include <stdlib.h>
#include <string.h>

struct peer_flags peer_flags;

void
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

enum pacs_err
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

void
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
