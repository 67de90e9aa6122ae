/*
 * What pacs-dcmtk-net.so exports: associations and TLS seen from C. Internal to
 * this room. One symbol leaves the shared object: pacs_dcm_net_bridge.
 *
 * Knows the association (PS3.8): its negotiation, its release, its bytes. Must
 * not know messages, files, or when to try again.
 */
#ifndef PACS_DCMTK_NET_BRIDGE_H
#define PACS_DCMTK_NET_BRIDGE_H

#include <sys/uio.h>

#include "dcmtk/net.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PACS_DCM_NET_VERSION 2

struct pacs_net_link;   /* an association; used by one thread at a time */
struct pacs_net_server; /* a port that is listened on */

/*
 * All waits are in ms and begin anew when bytes have moved. Errors are those of
 * net.h; how says what kind of end it was.
 */
struct pacs_net_bridge {
	int version;
	/* Negotiate over a TCP connection, which it takes over. */
	enum pacs_err (*open)(struct pacs_error *err,
			      const struct pacs_assoc_options *o, int fd,
			      struct pacs_context *contexts, size_t count,
			      struct pacs_assoc_info *info,
			      struct pacs_net_link **ret);
	/* All of it, or an error. */
	enum pacs_err (*send)(struct pacs_error *err, struct pacs_net_link *l,
			      struct iovec *iov, size_t count, unsigned ms);
	/* At least one byte. */
	enum pacs_err (*receive)(struct pacs_error *err,
				 struct pacs_net_link *l, void *buf,
				 size_t size, unsigned ms, size_t *ret_n);
	/* Are bytes there, now or within ms? A closed connection counts. */
	bool (*readable)(struct pacs_net_link *l, unsigned ms);
	enum pacs_err (*release)(struct pacs_error *err,
				 struct pacs_net_link *l, unsigned ms);
	void (*abort)(struct pacs_net_link *l);
	/* Close what is open, without a word, and free. */
	void (*free)(struct pacs_net_link *l);
	enum pacs_end (*how)(const struct pacs_net_link *l);

	enum pacs_err (*listen)(struct pacs_error *err, unsigned port,
				struct pacs_net_server **ret);
	/* The next association that proposes one of the classes, accepted with
	 * us in the role that the class's user has. PACS_EBUSY: none came. */
	enum pacs_err (*accept)(struct pacs_error *err,
				struct pacs_net_server *s,
				const struct pacs_assoc_options *o,
				const char *sop_class, unsigned ms,
				struct pacs_context *ret_context,
				struct pacs_assoc_info *info,
				struct pacs_net_link **ret);
	void (*unlisten)(struct pacs_net_server *s);
};

typedef const struct pacs_net_bridge *pacs_net_bridge_fn(void);
pacs_net_bridge_fn pacs_dcm_net_bridge;

#ifdef __cplusplus
}
#endif
#endif
