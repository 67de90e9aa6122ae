/*
 * The connection below DCMTK's associations: a socket, perhaps with TLS on it,
 * that never waits longer than it may. Internal to this room, C++.
 */
#ifndef PACS_DCMTK_CONN_H
#define PACS_DCMTK_CONN_H

#include "dcmtk/config/osconfig.h"

#include "dcmtk/dcmnet/dcmlayer.h"
#include "dcmtk/dcmnet/dcmtrans.h"
#include "dcmtk/dcmtls/tlslayer.h"

#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "dcmtk/net-bridge.h"

namespace pacs
{

class connection;

/* A wait looks whether it is to end so often. */
enum { SLICE_MS = 100 };
/* Of a clock that never goes back. */
unsigned long long now_ms();

/* What outlives the connection: its waits, and how it ended. */
struct state {
	state() = default;
	~state();
	state(const state &) = delete;
	state &operator=(const state &) = delete;

	connection *conn = nullptr; /* NULL once DCMTK has dropped it */
	int made = -1; /* a connection that DCMTK has not been given yet */
	enum pacs_end end = PACS_END_NONE;
	std::string why; /* of a TLS failure */
	unsigned patience_ms = 30000;
	unsigned long long total_until = 0; /* 0: none */
	bool (*stopped)(void *) = nullptr;
	void *stopped_ctx = nullptr;

	void options(const struct pacs_assoc_options &o);
	void patience(unsigned ms);
	void total(unsigned ms);
	void unstoppable();
	/* poll() one descriptor for so long; sets end and returns false when
	 * there is nothing to wait for any more. */
	bool wait(int fd, short events);
};

/* The error for how it ended. */
enum pacs_err tell_end(struct pacs_error *err, const state &st);

class connection : public DcmTransportConnection
{
      public:
	connection(int fd, SSL *tls, state &st, bool server);
	~connection() override;
	connection(const connection &) = delete;
	connection &operator=(const connection &) = delete;

	OFCondition serverSideHandshake() override;
	OFCondition clientSideHandshake() override;
	OFCondition renegotiate(const char *) override;
	ssize_t read(void *buf, size_t n) override;
	ssize_t write(void *buf, size_t n) override;
	void close() override;
	void closeTransportConnection() override;
	unsigned long getPeerCertificateLength() override;
	unsigned long getPeerCertificate(void *, unsigned long) override;
	OFBool networkDataAvailable(int timeout) override;
	OFBool isTransparentConnection() override;
	OFString &dumpConnectionParameters(OFString &str) override;

	bool send_all(struct iovec *iov, size_t count);
	bool wait_readable(unsigned ms);
	void inform(struct pacs_assoc_info *info) const;

      private:
	OFCondition handshake();
	ssize_t read_once(void *buf, size_t n);
	ssize_t write_once(const struct iovec *iov, size_t count);
	bool tls_again(int rc);
	void lose(int why_errno);
	void acknowledge_at_once();

	SSL *ssl;
	state &st;
	short wants; /* poll events after "try again" */
	bool asked;  /* nothing was received since we sent */
};

class layer : public DcmTransportLayer
{
      public:
	layer(state &st, const struct pacs_assoc_options &o, bool server);
	/* Certificates and keys, if TLS is wanted. */
	enum pacs_err prepare(struct pacs_error *err);
	DcmTransportConnection *createConnection(DcmNativeSocketType fd,
						 OFBool secure) override;
	void inform(struct pacs_assoc_info *info) const;

      private:
	SSL *secure();

	state &st;
	const struct pacs_tls *tls;
	std::string name;
	bool server;
	std::unique_ptr<DcmTLSTransportLayer> profile;
};

} // namespace pacs

#endif
