#include "dcmtk/net.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "dcmtk/assoc.h"
#include "dcmtk/dial.h"
#include "dcmtk/load.h"

const char *
pacs_end_word(enum pacs_end end)
{
	static const char *const words[] = {
	    [PACS_END_NONE] = "",
	    [PACS_END_UNREACHABLE] = "unreachable",
	    [PACS_END_TLS] = "tls",
	    [PACS_END_REJECTED_TRANSIENT] = "rejected-transient",
	    [PACS_END_REJECTED_PERMANENT] = "rejected-permanent",
	    [PACS_END_ABORTED] = "aborted",
	    [PACS_END_LOST] = "lost",
	    [PACS_END_TIMEOUT] = "timeout",
	    [PACS_END_PROTOCOL] = "protocol",
	    [PACS_END_STOPPED] = "stopped",
	};

	return words[end];
}

static struct pacs_assoc *
assoc_new(const struct pacs_net_bridge *net, struct pacs_net_link *link,
	  const struct pacs_assoc_info *info)
{
	struct pacs_assoc *a = pacs_calloc(1, sizeof(*a));

	a->net = net;
	a->link = link;
	a->peer_pdu = info->peer_pdu;
	a->buf = pacs_malloc(PACS_PDU_ROOM + 6);
	return a;
}

static void
assoc_free(struct pacs_assoc *a)
{
	a->net->free(a->link);
	free(a->buf);
	pacs_dimse_out_free(a->out);
	free(a);
}

static enum pacs_err
check_options(struct pacs_error *err, const struct pacs_assoc_options *o,
	      size_t count)
{
	if (!count || count > PACS_CONTEXTS_MAX)
		return pacs_error_set(err, PACS_EINTERNAL,
				      "%zu presentation contexts", count);
	if (strlen(o->calling) > PACS_AET_MAX ||
	    strlen(o->called) > PACS_AET_MAX)
		return pacs_error_set(err, PACS_EUSAGE,
				      "a title has at most %d characters",
				      PACS_AET_MAX);
	return PACS_OK;
}

enum pacs_err
pacs_net_load(struct pacs_error *err)
{
	const struct pacs_net_bridge *net;

	return pacs_dcm_net_load(err, &net);
}

enum pacs_err
pacs_assoc_open(struct pacs_error *err, const struct pacs_assoc_options *o,
		struct pacs_context *contexts, size_t count,
		struct pacs_assoc_info *info, enum pacs_end *ret_end,
		struct pacs_assoc **ret)
{
	const struct pacs_net_bridge *net;
	struct pacs_net_link *link = NULL;
	int fd;

	*ret = NULL;
	memset(info, 0, sizeof(*info));
	if (ret_end)
		*ret_end = PACS_END_NONE;
	if (check_options(err, o, count) || pacs_dcm_net_load(err, &net))
		return err->code;
	if (pacs_dial(err, o, &fd)) {
		if (ret_end)
			*ret_end = err->code == PACS_EINTERRUPTED
				       ? PACS_END_STOPPED
				       : PACS_END_UNREACHABLE;
		return err->code;
	}
	if (net->open(err, o, fd, contexts, count, info, &link)) {
		if (ret_end && link)
			*ret_end = net->how(link);
		if (link)
			net->free(link);
		return err->code;
	}
	*ret = assoc_new(net, link, info);
	return PACS_OK;
}

enum pacs_err
pacs_assoc_release(struct pacs_error *err, struct pacs_assoc *a, unsigned ms)
{
	enum pacs_err code = a->net->release(err, a->link, ms);

	assoc_free(a);
	return code;
}

void
pacs_assoc_abort(struct pacs_assoc *a)
{
	if (!a)
		return;
	a->net->abort(a->link);
	assoc_free(a);
}

enum pacs_end
pacs_assoc_end(const struct pacs_assoc *a)
{
	return a->end;
}

bool
pacs_assoc_readable(struct pacs_assoc *a, unsigned ms)
{
	return a->at < a->len || a->net->readable(a->link, ms);
}

enum pacs_err
pacs_assoc_failed(struct pacs_error *err, struct pacs_assoc *a)
{
	if (a->end == PACS_END_NONE)
		a->end = a->net->how(a->link);
	if (a->end == PACS_END_NONE)
		a->end = PACS_END_LOST;
	return err->code;
}

enum pacs_err
pacs_assoc_broken(struct pacs_error *err, struct pacs_assoc *a,
		  enum pacs_end end, const char *what)
{
	if (a->end == PACS_END_NONE)
		a->end = end;
	return pacs_error_set(err, PACS_ENETWORK, "%s", what);
}

/* --- accepting ------------------------------------------------------------ */

struct pacs_listener {
	const struct pacs_net_bridge *net;
	struct pacs_net_server *server;
};

enum pacs_err
pacs_listener_open(struct pacs_error *err, unsigned port,
		   struct pacs_listener **ret)
{
	struct pacs_listener *l = pacs_calloc(1, sizeof(*l));

	*ret = NULL;
	if (pacs_dcm_net_load(err, &l->net) ||
	    l->net->listen(err, port, &l->server)) {
		free(l);
		return err->code;
	}
	*ret = l;
	return PACS_OK;
}

enum pacs_err
pacs_listener_accept(struct pacs_error *err, struct pacs_listener *l,
		     const struct pacs_assoc_options *o, const char *sop_class,
		     unsigned ms, struct pacs_assoc_info *info,
		     char ret_syntax[PACS_UID_MAX + 1], struct pacs_assoc **ret)
{
	struct pacs_context context = {0};
	struct pacs_net_link *link;

	*ret = NULL;
	memset(info, 0, sizeof(*info));
	if (l->net->accept(err, l->server, o, sop_class, ms, &context, info,
			   &link))
		return err->code;
	*ret = assoc_new(l->net, link, info);
	memcpy(ret_syntax, context.accepted, sizeof(context.accepted));
	return PACS_OK;
}

void
pacs_listener_close(struct pacs_listener *l)
{
	if (!l)
		return;
	l->net->unlisten(l->server);
	free(l);
}
