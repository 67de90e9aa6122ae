/*
 * Asking a peer for an association.
 */
#include "dcmtk/link.h"

#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dcmtk/dcmnet/dul.h"
#include "dcmtk/guard.h"

namespace pacs
{

sham_server::~sham_server()
{
	if (fd >= 0)
		close(fd);
}

bool
sham_server::open(std::string *ret_at)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	std::memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    bind(fd, reinterpret_cast<struct sockaddr *>(&a), sizeof(a)) ||
	    listen(fd, 1) ||
	    getsockname(fd, reinterpret_cast<struct sockaddr *>(&a), &len))
		return false;
	*ret_at = "127.0.0.1:" + std::to_string(ntohs(a.sin_port));
	return true;
}

namespace
{

enum pacs_err
bad(struct pacs_error *err, const OFCondition &cond, const char *what)
{
	return fail(err, PACS_EINTERNAL, what, cond.text());
}

const char *
reject_text(const T_ASC_RejectParameters &r)
{
	switch (r.source * 256 + r.reason) {
	case 0x102:
		return "application context not supported";
	case 0x103:
		return "calling title not known there";
	case 0x107:
		return "called title not known there";
	case 0x202:
		return "protocol version not supported";
	case 0x301:
		return "temporary congestion";
	case 0x302:
		return "its limit of associations is reached";
	default:
		return "no reason given";
	}
}

enum pacs_err
rejected(struct pacs_error *err, pacs_net_link &l, struct pacs_assoc_info *info)
{
	T_ASC_RejectParameters r;
	bool transient;

	std::memset(&r, 0, sizeof(r));
	ASC_getRejectParameters(l.params, &r);
	/* DCMTK keeps source and reason together in its codes. */
	r.source = static_cast<T_ASC_RejectParametersSource>(r.source & 0xff);
	r.reason = static_cast<T_ASC_RejectParametersReason>(r.reason & 0xff);
	info->reject[0] = static_cast<uint8_t>(r.result);
	info->reject[1] = static_cast<uint8_t>(r.source);
	info->reject[2] = static_cast<uint8_t>(r.reason);
	transient = r.result == 2;
	l.state.end = transient ? PACS_END_REJECTED_TRANSIENT
				: PACS_END_REJECTED_PERMANENT;
	return fail(err, transient ? PACS_EBUSY : PACS_EREFUSED,
		    transient ? "association rejected for now"
			      : "association rejected",
		    reject_text(r));
}

void
propose(struct pacs_error *err, T_ASC_Parameters *params,
	struct pacs_context *contexts, size_t count)
{
	for (size_t i = 0; i < count && !err->code; i++) {
		struct pacs_context *c = &contexts[i];
		const char *list[PACS_CONTEXT_SYNTAXES];
		int n = 0;

		c->id = static_cast<uint8_t>(2 * i + 1);
		c->result = 2;
		c->accepted[0] = '\0';
		while (n < PACS_CONTEXT_SYNTAXES && c->syntaxes[n]) {
			list[n] = c->syntaxes[n];
			n++;
		}
		OFCondition cond = ASC_addPresentationContext(
		    params, c->id, c->sop_class, list, n);
		if (cond.bad())
			bad(err, cond, "cannot propose");
	}
}

void
answers(T_ASC_Parameters *params, struct pacs_context *contexts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pacs_context *c = &contexts[i];
		T_ASC_PresentationContext pc;

		if (ASC_findAcceptedPresentationContext(params, c->id, &pc)
			.bad()) {
			T_ASC_PresentationContext all;
			int n = ASC_countPresentationContexts(params);

			for (int k = 0; k < n; k++)
				if (ASC_getPresentationContext(params, k, &all)
					.good() &&
				    all.presentationContextID == c->id)
					c->result = static_cast<uint8_t>(
					    all.resultReason);
			if (c->result == 0)
				c->result = 2;
			continue;
		}
		c->result = 0;
		copy(c->accepted, sizeof(c->accepted),
		     pc.acceptedTransferSyntax);
	}
}

enum pacs_err
prepare(struct pacs_error *err, pacs_net_link &l,
	const struct pacs_assoc_options *o, struct pacs_context *contexts,
	size_t count)
{
	std::string at;
	OFCondition cond;

	if (!l.sham.open(&at))
		return fail(err, PACS_EINTERNAL, "no socket on 127.0.0.1");
	l.layer.reset(new layer(l.state, *o, false));
	if (l.layer->prepare(err))
		return err->code;
	cond = ASC_initializeNetwork(NET_REQUESTOR, 0, BACKSTOP_S, &l.network);
	if (cond.good())
		cond = ASC_setTransportLayer(l.network, l.layer.get(), 0);
	if (cond.good())
		cond = ASC_createAssociationParameters(&l.params, MAX_PDU);
	if (cond.bad())
		return bad(err, cond, "network");
	introduce(l.params);
	ASC_setAPTitles(l.params, o->calling, o->called, nullptr);
	ASC_setPresentationAddresses(l.params, "localhost", at.c_str());
	propose(err, l.params, contexts, count);
	return err->code;
}

} // namespace

enum pacs_err
net_open(struct pacs_error *err, const struct pacs_assoc_options *o, int fd,
	 struct pacs_context *contexts, size_t count,
	 struct pacs_assoc_info *info, struct pacs_net_link **ret)
{
	return guard(err, [&] {
		link_ptr l(new pacs_net_link);
		OFCondition cond;

		be_quiet();
		l->state.made = fd;
		l->state.options(*o);
		if (prepare(err, *l, o, contexts, count)) {
			*ret = l.release();
			return err->code;
		}
		cond = ASC_requestAssociation(l->network, l->params, &l->assoc,
					      nullptr, nullptr, DUL_NOBLOCK,
					      seconds(o->negotiate_ms));
		l->layer->inform(info);
		if (cond.good() &&
		    ASC_countAcceptedPresentationContexts(l->params) >= 0) {
			answers(l->params, contexts, count);
			inform(*l, info);
		} else if (cond == DUL_ASSOCIATIONREJECTED) {
			rejected(err, *l, info);
		} else if (l->state.made >= 0) {
			bad(err, cond, "association");
		} else {
			ended(err, l->state, cond);
		}
		*ret = l.release();
		return err->code;
	});
}

} // namespace pacs
