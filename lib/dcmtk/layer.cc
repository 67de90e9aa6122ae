/*
 * What DCMTK asks for a connection: certificates, whom to trust, which name the
 * other side must have.
 */
#include "dcmtk/conn.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "dcmtk/guard.h"

namespace pacs
{

layer::layer(state &s, const struct pacs_assoc_options &o, bool is_server)
    : st(s), tls(o.tls), server(is_server)
{
	if (tls && !server && !tls->any_name)
		name = tls->name ? tls->name : o.host;
}

namespace
{

bool
is_folder(const char *path)
{
	struct stat s;

	return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

} // namespace

enum pacs_err
layer::prepare(struct pacs_error *err)
{
	OFCondition cond;

	if (!tls)
		return PACS_OK;
	profile.reset(new DcmTLSTransportLayer(
	    server ? NET_ACCEPTOR : NET_REQUESTOR, nullptr, OFTrue));
	if (!*profile)
		return fail(err, PACS_EINTERNAL, "TLS cannot be set up");
	if (tls->key &&
	    profile->setPrivateKeyFile(tls->key, DCF_Filetype_PEM).bad())
		return fail(err, PACS_EDENIED, "cannot read the key", tls->key);
	if (tls->cert &&
	    profile->setCertificateFile(tls->cert, DCF_Filetype_PEM).bad())
		return fail(err, PACS_EDENIED, "cannot read the certificate",
			    tls->cert);
	if (tls->cert && !profile->checkPrivateKeyMatchesCertificate())
		return fail(err, PACS_EFORMAT,
			    "the key does not belong to the certificate",
			    tls->cert);
	if (tls->ca) {
		cond = is_folder(tls->ca) ? profile->addTrustedCertificateDir(
						tls->ca, DCF_Filetype_PEM)
					  : profile->addTrustedCertificateFile(
						tls->ca, DCF_Filetype_PEM);
		if (cond.bad())
			return fail(err, PACS_EDENIED,
				    "cannot read the trusted certificates",
				    tls->ca);
	} else if (SSL_CTX_set_default_verify_paths(
		       profile->getNativeHandle()) != 1) {
		return fail(err, PACS_EINTERNAL, "no trusted certificates");
	}
	cond = profile->setTLSProfile(TSP_Profile_BCP195_ND);
	if (cond.good())
		cond = profile->activateCipherSuites();
	if (cond.bad())
		return fail(err, PACS_EINTERNAL, "TLS", cond.text());
	profile->setCertificateVerification(DCV_requireCertificate);
	return PACS_OK;
}

SSL *
layer::secure()
{
	SSL *ssl = SSL_new(profile->getNativeHandle());
	struct in_addr ip4;
	struct in6_addr ip6;

	if (!ssl)
		return nullptr;
	SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
			      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (name.empty())
		return ssl;
	if (inet_pton(AF_INET, name.c_str(), &ip4) == 1 ||
	    inet_pton(AF_INET6, name.c_str(), &ip6) == 1) {
		X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
					      name.c_str());
	} else {
		SSL_set1_host(ssl, name.c_str());
		SSL_set_tlsext_host_name(ssl, name.c_str());
	}
	return ssl;
}

DcmTransportConnection *
layer::createConnection(DcmNativeSocketType fd, OFBool)
{
	SSL *ssl = tls ? secure() : nullptr;

	if (tls && !ssl)
		return nullptr;
	if (!server) {
		/* What DCMTK connected to was for show (association.cc); it
		 * goes on to use the number. */
		if (dup2(st.made, fd) < 0)
			return nullptr;
		::close(st.made);
		st.made = -1;
	}
	return new connection(fd, ssl, st, server);
}

void
layer::inform(struct pacs_assoc_info *info) const
{
	if (st.conn)
		st.conn->inform(info);
}

} // namespace pacs
