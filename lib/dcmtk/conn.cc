/*
 * The socket, perhaps with TLS on it: bytes out, bytes in, the handshake.
 */
#include "dcmtk/conn.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "dcmtk/dcmnet/dul.h"
#include "dcmtk/guard.h"

namespace pacs
{

namespace
{

enum { IOV_ONCE = 512 };

} // namespace

connection::connection(int fd, SSL *tls, state &s, bool server)
    : DcmTransportConnection(fd), ssl(tls), st(s), wants(POLLIN), asked(false)
{
	int on = 1;

	(void)server;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (ssl)
		SSL_set_fd(ssl, fd);
	st.conn = this;
}

connection::~connection()
{
	connection::close();
}

void
connection::close()
{
	if (ssl) {
		/* One try: the peer may be gone. */
		if (SSL_is_init_finished(ssl))
			SSL_shutdown(ssl);
		SSL_free(ssl);
		ssl = nullptr;
	}
	ERR_clear_error();
	closeTransportConnection();
}

void
connection::closeTransportConnection()
{
	int fd = getSocket();

	if (st.conn == this)
		st.conn = nullptr;
	if (fd >= 0)
		::close(fd);
	setSocket(-1);
}

void
connection::lose(int why_errno)
{
	if (st.end == PACS_END_NONE)
		st.end = PACS_END_LOST;
	errno = why_errno ? why_errno : ECONNRESET;
}

/* May the call that returned rc be made again, after a wait for wants? */
bool
connection::tls_again(int rc)
{
	switch (SSL_get_error(ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		wants = POLLIN;
		return true;
	case SSL_ERROR_WANT_WRITE:
		wants = POLLOUT;
		return true;
	default:
		return false;
	}
}

/* -1 with EAGAIN: wait for wants. 0: the end. */
ssize_t
connection::read_once(void *buf, size_t n)
{
	int rc;

	if (!ssl) {
		wants = POLLIN;
		return recv(getSocket(), buf, n, 0);
	}
	ERR_clear_error();
	rc = SSL_read(ssl, buf, n > INT_MAX ? INT_MAX : static_cast<int>(n));
	if (rc > 0)
		return rc;
	errno = tls_again(rc) ? EAGAIN : ECONNRESET;
	return -1;
}

ssize_t
connection::write_once(const struct iovec *iov, size_t count)
{
	struct msghdr m;
	int rc;

	if (!ssl) {
		wants = POLLOUT;
		std::memset(&m, 0, sizeof(m));
		m.msg_iov = const_cast<struct iovec *>(iov);
		m.msg_iovlen = count < IOV_ONCE ? count : size_t{IOV_ONCE};
		return sendmsg(getSocket(), &m, MSG_NOSIGNAL);
	}
	ERR_clear_error();
	rc = SSL_write(ssl, iov->iov_base,
		       iov->iov_len > INT_MAX ? INT_MAX
					      : static_cast<int>(iov->iov_len));
	if (rc > 0)
		return rc;
	errno = tls_again(rc) ? EAGAIN : EPIPE;
	return -1;
}

ssize_t
connection::read(void *buf, size_t n)
{
	if (st.end != PACS_END_NONE || getSocket() < 0) {
		errno = ECONNRESET;
		return -1;
	}
	/* What answers our last word is not there yet. */
	if (asked && !(ssl && SSL_pending(ssl) > 0) &&
	    !st.wait(getSocket(), POLLIN))
		return -1;
	asked = false;
	for (;;) {
		ssize_t got = read_once(buf, n);

		if (got > 0)
			return got;
		if (got == 0) {
			lose(0);
			return 0;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK) {
			lose(errno);
			return -1;
		}
		acknowledge_at_once();
		if (!st.wait(getSocket(), wants))
			return -1;
	}
}

/* A peer that leaves Nagle's algorithm on (storescp does) holds the rest of its
 * answer back until its first part is acknowledged; the kernel would take 40 ms
 * for that, unless it is told again each time. */
void
connection::acknowledge_at_once()
{
	int on = 1;

	setsockopt(getSocket(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

bool
connection::send_all(struct iovec *iov, size_t count)
{
	if (st.end != PACS_END_NONE || getSocket() < 0)
		return false;
	asked = true;
	while (count) {
		ssize_t n;

		if (!iov->iov_len) {
			iov++;
			count--;
			continue;
		}
		n = write_once(iov, count);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			if (errno != EAGAIN && errno != EWOULDBLOCK) {
				lose(errno);
				return false;
			}
			if (!st.wait(getSocket(), wants))
				return false;
			continue;
		}
		for (size_t left = static_cast<size_t>(n); left;) {
			size_t k = left < iov->iov_len ? left : iov->iov_len;

			iov->iov_base = static_cast<char *>(iov->iov_base) + k;
			iov->iov_len -= k;
			left -= k;
			if (!iov->iov_len) {
				iov++;
				count--;
			}
		}
	}
	return true;
}

ssize_t
connection::write(void *buf, size_t n)
{
	struct iovec iov = {buf, n};

	return send_all(&iov, 1) ? static_cast<ssize_t>(n) : -1;
}

bool
connection::wait_readable(unsigned ms)
{
	unsigned long long until = now_ms() + ms;

	if (getSocket() < 0)
		return true;
	if (ssl && SSL_pending(ssl) > 0)
		return true;
	for (;;) {
		struct pollfd p = {getSocket(), POLLIN, 0};
		unsigned long long now = now_ms();
		int left = now < until ? static_cast<int>(until - now) : 0;

		if (poll(&p, 1, left < SLICE_MS ? left : int{SLICE_MS}) > 0)
			return true;
		if (left <= SLICE_MS ||
		    (st.stopped && st.stopped(st.stopped_ctx)))
			return false;
	}
}

OFBool
connection::networkDataAvailable(int timeout)
{
	unsigned ms = timeout < 0 ? st.patience_ms
				  : static_cast<unsigned>(timeout) * 1000;

	if (st.end != PACS_END_NONE || getSocket() < 0)
		return OFTrue; /* reading says what is the matter */
	if (ms > st.patience_ms)
		ms = st.patience_ms;
	if (wait_readable(ms))
		return OFTrue;
	st.end = st.stopped && st.stopped(st.stopped_ctx) ? PACS_END_STOPPED
							  : PACS_END_TIMEOUT;
	return OFFalse;
}

OFCondition
connection::handshake()
{
	long verdict;

	if (!ssl)
		return EC_Normal;
	for (;;) {
		int rc;

		ERR_clear_error();
		rc = SSL_do_handshake(ssl);
		if (rc == 1)
			return EC_Normal;
		if (!tls_again(rc))
			break;
		if (!st.wait(getSocket(), wants))
			return DUL_NETWORKCLOSED;
	}
	verdict = SSL_get_verify_result(ssl);
	if (verdict != X509_V_OK) {
		st.why = X509_verify_cert_error_string(verdict);
		st.end = PACS_END_TLS;
	} else if (ERR_peek_error()) {
		const char *text = ERR_reason_error_string(ERR_peek_error());

		st.why = text ? text : "handshake failed";
		st.end = PACS_END_TLS;
	} else {
		st.end = PACS_END_LOST;
	}
	ERR_clear_error();
	return DUL_NETWORKCLOSED;
}

OFCondition
connection::clientSideHandshake()
{
	if (ssl)
		SSL_set_connect_state(ssl);
	return handshake();
}

OFCondition
connection::serverSideHandshake()
{
	if (ssl)
		SSL_set_accept_state(ssl);
	return handshake();
}

OFCondition
connection::renegotiate(const char *)
{
	return EC_IllegalCall;
}

unsigned long
connection::getPeerCertificateLength()
{
	return 0;
}

unsigned long
connection::getPeerCertificate(void *, unsigned long)
{
	return 0;
}

OFBool
connection::isTransparentConnection()
{
	return OFFalse;
}

OFString &
connection::dumpConnectionParameters(OFString &str)
{
	str = "";
	return str;
}

void
connection::inform(struct pacs_assoc_info *info) const
{
	X509 *cert;
	struct tm tm;

	if (!ssl)
		return;
	std::snprintf(info->tls_version, sizeof(info->tls_version), "%s",
		      SSL_get_version(ssl));
	std::snprintf(info->tls_suite, sizeof(info->tls_suite), "%s",
		      SSL_get_cipher_name(ssl));
	cert = SSL_get1_peer_certificate(ssl);
	if (cert && ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1)
		info->tls_expires = timegm(&tm);
	X509_free(cert);
}

} // namespace pacs
