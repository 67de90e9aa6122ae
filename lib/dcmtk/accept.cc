/*
 * Being asked for an association: by a peer that calls back.
 */
#include "dcmtk/link.h"

#include <cstring>

#include "dcmtk/dcmnet/dul.h"
#include "dcmtk/guard.h"

namespace pacs
{

enum pacs_err
net_listen(struct pacs_error *err, unsigned port, struct pacs_net_server **ret)
{
	return guard(err, [&] {
		std::unique_ptr<pacs_net_server> s(new pacs_net_server);
		OFCondition cond;

		be_quiet();
		cond =
		    ASC_initializeNetwork(NET_ACCEPTOR, static_cast<int>(port),
					  BACKSTOP_S, &s->network);
		if (cond.bad())
			return fail(err, PACS_ENETWORK,
				    "cannot listen on the port", cond.text());
		*ret = s.release();
		return PACS_OK;
	});
}

namespace
{

/* The contexts that propose the class, with the peer as its provider. */
bool
acceptable(T_ASC_Parameters *params, const char *sop_class,
	   struct pacs_context *ret)
{
	int n = ASC_countPresentationContexts(params);
	bool found = false;

	for (int i = 0; i < n; i++) {
		T_ASC_PresentationContext pc;
		const char *pick = nullptr;

		if (ASC_getPresentationContext(params, i, &pc).bad())
			continue;
		for (int k = 0; k < pc.transferSyntaxCount; k++)
			if (!std::strcmp(pc.proposedTransferSyntaxes[k],
					 PACS_SYNTAX_EXPLICIT_LE) ||
			    (!pick &&
			     !std::strcmp(pc.proposedTransferSyntaxes[k],
					  PACS_SYNTAX_IMPLICIT_LE)))
				pick = pc.proposedTransferSyntaxes[k];
		if (found || !pick ||
		    std::strcmp(pc.abstractSyntax, sop_class) != 0) {
			ASC_refusePresentationContext(
			    params, pc.presentationContextID,
			    ASC_P_ABSTRACTSYNTAXNOTSUPPORTED);
			continue;
		}
		ASC_acceptPresentationContext(params, pc.presentationContextID,
					      pick, pc.proposedRole);
		ret->id = pc.presentationContextID;
		copy(ret->sop_class, sizeof(ret->sop_class), sop_class);
		copy(ret->accepted, sizeof(ret->accepted), pick);
		found = true;
	}
	return found;
}

enum pacs_err
welcome(struct pacs_error *err, pacs_net_link &l, const char *sop_class,
	struct pacs_context *ret)
{
	T_ASC_RejectParameters no = {ASC_RESULT_REJECTEDPERMANENT,
				     ASC_SOURCE_SERVICEUSER,
				     ASC_REASON_SU_NOREASON};
	T_ASC_Parameters *params = l.assoc->params;

	if (!acceptable(params, sop_class, ret)) {
		ASC_rejectAssociation(l.assoc, &no);
		return fail(err, PACS_EBUSY, "nothing that is waited for");
	}
	introduce(params);
	if (ASC_acknowledgeAssociation(l.assoc).bad())
		return tell_end(err, l.state);
	return PACS_OK;
}

} // namespace

enum pacs_err
net_accept(struct pacs_error *err, struct pacs_net_server *s,
	   const struct pacs_assoc_options *o, const char *sop_class,
	   unsigned ms, struct pacs_context *ret_context,
	   struct pacs_assoc_info *info, struct pacs_net_link **ret)
{
	return guard(
	    err, [&]() -> enum pacs_err {
		    link_ptr l(new pacs_net_link);
		    OFCondition cond;

		    if (!ASC_associationWaiting(s->network, seconds(ms)))
			    return fail(err, PACS_EBUSY, "no association came");
		    l->state.options(*o);
		    l->layer.reset(new layer(l->state, *o, true));
		    if (l->layer->prepare(err))
			    return err->code;
		    ASC_setTransportLayer(s->network, l->layer.get(), 0);
		    cond = ASC_receiveAssociation(
			s->network, &l->assoc, MAX_PDU, nullptr, nullptr,
			OFFalse, DUL_NOBLOCK, seconds(o->negotiate_ms));
		    ASC_setTransportLayer(s->network, nullptr, 0);
		    if (cond.bad())
			    return ended(err, l->state, cond);
		    if (welcome(err, *l, sop_class, ret_context))
			    return err->code;
		    copy(info->calling, sizeof(info->calling),
			 l->assoc->params->DULparams.callingAPTitle);
		    l->layer->inform(info);
		    inform(*l, info);
		    *ret = l.release();
		    return PACS_OK;
	    });
}

void
net_unlisten(struct pacs_net_server *s)
{
	delete s;
}

} // namespace pacs
