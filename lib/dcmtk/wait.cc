/*
 * How long a connection is waited for, and how it ended.
 */
#include "dcmtk/conn.h"

#include <cerrno>
#include <ctime>
#include <poll.h>
#include <unistd.h>

#include "dcmtk/guard.h"

namespace pacs
{

unsigned long long
now_ms()
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return static_cast<unsigned long long>(t.tv_sec) * 1000 +
	       static_cast<unsigned long long>(t.tv_nsec) / 1000000;
}

state::~state()
{
	if (made >= 0)
		::close(made);
}

void
state::options(const struct pacs_assoc_options &o)
{
	patience_ms = o.negotiate_ms;
	total(o.negotiate_ms);
	stopped = o.stopped;
	stopped_ctx = o.stopped_ctx;
}

void
state::patience(unsigned ms)
{
	patience_ms = ms;
	total_until = 0;
}

void
state::total(unsigned ms)
{
	total_until = now_ms() + ms;
}

void
state::unstoppable()
{
	stopped = nullptr;
}

bool
state::wait(int fd, short events)
{
	unsigned long long until = now_ms() + patience_ms, now;

	if (total_until && total_until < until)
		until = total_until;
	for (;;) {
		struct pollfd p = {fd, events, 0};
		int n;

		/* Before the poll: a peer that drips always has something. */
		if (stopped && stopped(stopped_ctx)) {
			end = PACS_END_STOPPED;
			errno = ECANCELED;
			return false;
		}
		now = now_ms();
		if (now >= until) {
			end = PACS_END_TIMEOUT;
			errno = ETIMEDOUT;
			return false;
		}
		n = poll(&p, 1,
			 until - now < SLICE_MS ? static_cast<int>(until - now)
						: static_cast<int>(SLICE_MS));
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR) {
			end = PACS_END_LOST;
			return false;
		}
	}
}

enum pacs_err
tell_end(struct pacs_error *err, const state &st)
{
	switch (st.end) {
	case PACS_END_TLS:
		return fail(err, PACS_EREFUSED, "no trust in TLS",
			    st.why.c_str());
	case PACS_END_TIMEOUT:
		return fail(err, PACS_ENETWORK,
			    "the peer was silent for too "
			    "long");
	case PACS_END_ABORTED:
		return fail(err, PACS_ENETWORK,
			    "the peer aborted the association");
	case PACS_END_PROTOCOL:
		return fail(err, PACS_ENETWORK,
			    "the peer does not keep to the protocol");
	case PACS_END_STOPPED:
		return fail(err, PACS_EINTERRUPTED, "stopped");
	default:
		return fail(err, PACS_ENETWORK,
			    "the peer closed the connection");
	}
}

} // namespace pacs
