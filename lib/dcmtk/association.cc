/*
 * DCMTK's associations behind net-bridge.h.
 *
 * DCMTK negotiates, releases and knows the TLS profiles. The connection below
 * it is ours (conn.cc), so that no read, write or handshake waits longer than
 * it may. Once negotiated, the bytes of P-DATA go past DCMTK.
 */
#include "dcmtk/config/osconfig.h"

#include "dcmtk/dcmnet/assoc.h"
#include "dcmtk/dcmnet/dul.h"
#include "dcmtk/oflog/oflog.h"

#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "dcmtk/conn.h"
#include "dcmtk/guard.h"

using pacs::fail;
using pacs::guard;

namespace
{

/* DCMTK logs to stderr by default; a library has no say there. */
void
be_quiet()
{
	static std::once_flag once;

	std::call_once(once, [] {
		OFLog::configure(OFLogger::OFF_LOG_LEVEL);
		dcmDisableGethostbyaddr.set(OFTrue);
	});
}

} // namespace

/*
 * DCMTK 3.6.7 makes the connection of a requestor itself: over IPv4 only, to
 * the first address of a host, with one timeout for the process and no way to
 * stop it. Ours is made before (dial.c). So DCMTK is let connect to a socket of
 * ours that nobody accepts from, and gets the real one in place of it when it
 * asks our transport layer for a connection.
 */
class sham_server
{
      public:
	sham_server() = default;
	~sham_server()
	{
		if (fd >= 0)
			close(fd);
	}
	sham_server(const sham_server &) = delete;
	sham_server &operator=(const sham_server &) = delete;

	bool open(std::string *ret_at)
	{
		struct sockaddr_in a;
		socklen_t len = sizeof(a);

		std::memset(&a, 0, sizeof(a));
		a.sin_family = AF_INET;
		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 ||
		    bind(fd, reinterpret_cast<struct sockaddr *>(&a),
			 sizeof(a)) ||
		    listen(fd, 1) ||
		    getsockname(fd, reinterpret_cast<struct sockaddr *>(&a),
				&len))
			return false;
		*ret_at = "127.0.0.1:" + std::to_string(ntohs(a.sin_port));
		return true;
	}

      private:
	int fd = -1;
};

/* Members are destroyed from the last to the first: the association is
 * dropped by hand before them. */
struct pacs_net_link {
	pacs::state state;
	sham_server sham;
	std::unique_ptr<pacs::layer> layer;
	T_ASC_Network *network = nullptr;
	T_ASC_Parameters *params = nullptr; /* until the association owns it */
	T_ASC_Association *assoc = nullptr;

	~pacs_net_link()
	{
		if (assoc) {
			ASC_dropAssociation(assoc);
			ASC_destroyAssociation(&assoc);
		} else if (params) {
			ASC_destroyAssociationParameters(&params);
		}
		if (network)
			ASC_dropNetwork(&network);
	}
};

struct pacs_net_server {
	pacs::state state;
	std::unique_ptr<pacs::layer> layer;
	T_ASC_Network *network = nullptr;

	~pacs_net_server()
	{
		if (network)
			ASC_dropNetwork(&network);
	}
};

namespace
{

using link_ptr = std::unique_ptr<pacs_net_link>;

enum { MAX_PDU = 131072, BACKSTOP_S = 3600 };

enum pacs_err
bad(struct pacs_error *err, const OFCondition &cond, const char *what)
{
	return fail(err, PACS_EINTERNAL, what, cond.text());
}

/* What ended it, as far as the connection knows; else what DCMTK says. */
enum pacs_err
ended(struct pacs_error *err, pacs::state &st, const OFCondition &cond)
{
	if (st.end == PACS_END_NONE) {
		if (cond == DUL_PEERABORTEDASSOCIATION)
			st.end = PACS_END_ABORTED;
		else if (cond == DUL_NETWORKCLOSED)
			st.end = PACS_END_LOST;
		else
			st.end = PACS_END_PROTOCOL;
	}
	return pacs::tell_end(err, st);
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
copy(char *to, size_t size, const char *from)
{
	std::snprintf(to, size, "%s", from ? from : "");
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

void
inform(const pacs_net_link &l, struct pacs_assoc_info *info)
{
	const T_ASC_Parameters *p = l.assoc->params;

	info->peer_pdu = p->theirMaxPDUReceiveSize > 0
			     ? static_cast<uint32_t>(p->theirMaxPDUReceiveSize)
			     : 0;
	copy(info->implementation_uid, sizeof(info->implementation_uid),
	     p->theirImplementationClassUID);
	copy(info->implementation_version, sizeof(info->implementation_version),
	     p->theirImplementationVersionName);
}

int
seconds(unsigned ms)
{
	return static_cast<int>((ms + 999) / 1000);
}

void
introduce(T_ASC_Parameters *params)
{
	copy(params->ourImplementationClassUID,
	     sizeof(params->ourImplementationClassUID),
	     PACS_IMPLEMENTATION_UID);
	copy(params->ourImplementationVersionName,
	     sizeof(params->ourImplementationVersionName),
	     PACS_IMPLEMENTATION_VERSION);
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
	l.layer.reset(new pacs::layer(l.state, *o, false));
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

/* --- bytes ------------------------------------------------------------- */

enum pacs_err
net_send(struct pacs_error *err, struct pacs_net_link *l, struct iovec *iov,
	 size_t count, unsigned ms)
{
	return guard(
	    err, [&]() -> enum pacs_err {
		    l->state.patience(ms);
		    if (!l->state.conn || !l->state.conn->send_all(iov, count))
			    return pacs::tell_end(err, l->state);
		    return PACS_OK;
	    });
}

enum pacs_err
net_receive(struct pacs_error *err, struct pacs_net_link *l, void *buf,
	    size_t size, unsigned ms, size_t *ret_n)
{
	return guard(
	    err, [&]() -> enum pacs_err {
		    ssize_t n = -1;

		    l->state.patience(ms);
		    if (l->state.conn)
			    n = l->state.conn->read(buf, size);
		    if (n <= 0)
			    return pacs::tell_end(err, l->state);
		    *ret_n = static_cast<size_t>(n);
		    return PACS_OK;
	    });
}

bool
net_readable(struct pacs_net_link *l, unsigned ms)
{
	struct pacs_error err = PACS_ERROR_INIT;
	bool is = false;

	guard(&err, [&] {
		l->state.patience(ms);
		is = l->state.conn && l->state.conn->wait_readable(ms);
		return PACS_OK;
	});
	return is;
}

enum pacs_err
net_release(struct pacs_error *err, struct pacs_net_link *l, unsigned ms)
{
	return guard(
	    err, [&]() -> enum pacs_err {
		    OFCondition cond;

		    if (!l->assoc || !l->state.conn)
			    return fail(err, PACS_ENETWORK, "no association");
		    l->state.patience(ms);
		    l->state.total(ms);
		    cond = ASC_releaseAssociation(l->assoc);
		    if (cond.good())
			    return PACS_OK;
		    return ended(err, l->state, cond);
	    });
}

/* The peer need not answer, and DCMTK would wait for it: so by hand (PS3.8
 * 9.3.8). Who aborts closes. */
void
net_abort(struct pacs_net_link *l)
{
	struct pacs_error err = PACS_ERROR_INIT;

	guard(&err, [&] {
		unsigned char pdu[10] = {7, 0, 0, 0, 0, 4, 0, 0, 0, 0};
		struct iovec iov = {pdu, sizeof(pdu)};

		if (l->state.conn && l->assoc) {
			l->state.unstoppable();
			l->state.patience(1000);
			l->state.total(1000);
			l->state.conn->send_all(&iov, 1);
		}
		return PACS_OK;
	});
}

void
net_free(struct pacs_net_link *l)
{
	struct pacs_error err = PACS_ERROR_INIT;

	guard(&err, [&] {
		delete l;
		return PACS_OK;
	});
}

enum pacs_end
net_how(const struct pacs_net_link *l)
{
	return l->state.end;
}

/* --- accepting ------------------------------------------------------------ */

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
		return pacs::tell_end(err, l.state);
	return PACS_OK;
}

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
		    l->layer.reset(new pacs::layer(l->state, *o, true));
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

} // namespace

const struct pacs_net_bridge *
pacs_dcm_net_bridge(void)
{
	static const struct pacs_net_bridge bridge = {
	    PACS_DCM_NET_VERSION,
	    net_open,
	    net_send,
	    net_receive,
	    net_readable,
	    net_release,
	    net_abort,
	    net_free,
	    net_how,
	    net_listen,
	    net_accept,
	    net_unlisten,
	};

	return &bridge;
}
