#include "dcmtk/dial.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum { SLICE_MS = 100 };

/* How a connection that was begun comes out, as an errno; 0: it is there. */
static int
wait_connected(const struct pacs_assoc_options *o, int fd, uint64_t until)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		uint64_t now = pacs_time_mono_ms();
		socklen_t len = sizeof(int);
		int e = 0;

		if (now >= until)
			return ETIMEDOUT;
		if (o->stopped && o->stopped(o->stopped_ctx))
			return ECANCELED;
		if (poll(&p, 1,
			 until - now < SLICE_MS ? (int)(until - now)
						: SLICE_MS) <= 0)
			continue;
		return getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) ? errno
								      : e;
	}
}

/* One address; an errno, or 0 and *ret_fd. */
static int
try_one(const struct pacs_assoc_options *o, const struct addrinfo *a,
	uint64_t until, int *ret_fd)
{
	int fd =
	    socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		   a->ai_protocol);
	int e = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen))
		e = errno == EINPROGRESS || errno == EINTR
			? wait_connected(o, fd, until)
			: errno;
	if (e)
		close(fd);
	else
		*ret_fd = fd;
	return e;
}

static enum pacs_err
failed(struct pacs_error *err, const struct pacs_assoc_options *o,
       const char *why)
{
	return pacs_error_set(err, PACS_ENETWORK,
			      "no connection to %s port %u: %s", o->host,
			      o->port, why);
}

enum pacs_err
pacs_dial(struct pacs_error *err, const struct pacs_assoc_options *o,
	  int *ret_fd)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICSERV};
	uint64_t until = pacs_time_mono_ms() + o->connect_ms, now;
	struct addrinfo *list, *a;
	char port[8];
	int e;

	*ret_fd = -1;
	snprintf(port, sizeof(port), "%u", o->port & 0xffff);
	e = getaddrinfo(o->host, port, &hints, &list);
	if (e)
		return failed(err, o,
			      e == EAI_SYSTEM ? strerror(errno)
					      : gai_strerror(e));
	for (a = list, e = EHOSTUNREACH; a && *ret_fd < 0; a = a->ai_next) {
		now = pacs_time_mono_ms();
		/* One that is silent leaves half of the time to the next. */
		e = try_one(o, a,
			    a->ai_next && now < until ? now + (until - now) / 2
						      : until,
			    ret_fd);
		if (e == ECANCELED)
			break;
	}
	freeaddrinfo(list);
	if (e == ECANCELED)
		return pacs_error_set(err, PACS_EINTERRUPTED, "stopped");
	return e ? failed(err, o, strerror(e)) : PACS_OK;
}
