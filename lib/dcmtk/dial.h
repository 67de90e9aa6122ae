/*
 * A TCP connection, to any of the addresses that a host has. Internal to this
 * room.
 */
#ifndef PACS_DCMTK_DIAL_H
#define PACS_DCMTK_DIAL_H

#include "dcmtk/net.h"

/*
 * Connect to o->host (a name, an IPv4 or an IPv6 address), trying its addresses
 * in turn, within o->connect_ms for all of them; the look-up of a name takes
 * what the resolver takes. Caller closes. PACS_ENETWORK, PACS_EINTERRUPTED.
 */
enum pacs_err pacs_dial(struct pacs_error *err,
			const struct pacs_assoc_options *o,
			int *ret_fd) PACS_MUST_CHECK;

#endif
