/*
 * DCMTK's associations behind net-bridge.h.
 *
 * DCMTK negotiates, releases and knows the TLS profiles. The connection below
 * it is ours (conn.cc), so that no read, write or handshake waits longer than
 * it may. Once negotiated, the bytes of P-DATA go past DCMTK.
 */
#include "dcmtk/link.h"

#include "dcmtk/dcmnet/dul.h"
#include "dcmtk/oflog/oflog.h"

#include <cstdio>
#include <mutex>

#include "dcmtk/guard.h"

namespace pacs
{

void
be_quiet()
{
	static std::once_flag once;

	std::call_once(once, [] {
		OFLog::configure(OFLogger::OFF_LOG_LEVEL);
		dcmDisableGethostbyaddr.set(OFTrue);
	});
}

enum pacs_err
ended(struct pacs_error *err, state &st, const OFCondition &cond)
{
	if (st.end == PACS_END_NONE) {
		if (cond == DUL_PEERABORTEDASSOCIATION)
			st.end = PACS_END_ABORTED;
		else if (cond == DUL_NETWORKCLOSED)
			st.end = PACS_END_LOST;
		else
			st.end = PACS_END_PROTOCOL;
	}
	return tell_end(err, st);
}

void
copy(char *to, size_t size, const char *from)
{
	std::snprintf(to, size, "%s", from ? from : "");
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

namespace
{

enum pacs_err
net_send(struct pacs_error *err, struct pacs_net_link *l, struct iovec *iov,
	 size_t count, unsigned ms)
{
	return guard(
	    err, [&]() -> enum pacs_err {
		    l->state.patience(ms);
		    if (!l->state.conn || !l->state.conn->send_all(iov, count))
			    return tell_end(err, l->state);
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
			    return tell_end(err, l->state);
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

} // namespace

} // namespace pacs

const struct pacs_net_bridge *
pacs_dcm_net_bridge(void)
{
	static const struct pacs_net_bridge bridge = {
	    PACS_DCM_NET_VERSION, pacs::net_open,     pacs::net_send,
	    pacs::net_receive,    pacs::net_readable, pacs::net_release,
	    pacs::net_abort,      pacs::net_free,     pacs::net_how,
	    pacs::net_listen,     pacs::net_accept,   pacs::net_unlisten,
	};

	return &bridge;
}
