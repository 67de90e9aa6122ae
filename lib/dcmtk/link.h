/*
 * DCMTK's associations behind net-bridge.h: what asking for one (request.cc),
 * being asked (accept.cc) and using it (association.cc) share. Internal to this
 * room, C++.
 */
#ifndef PACS_DCMTK_LINK_H
#define PACS_DCMTK_LINK_H

#include "dcmtk/config/osconfig.h"

#include "dcmtk/dcmnet/assoc.h"

#include <memory>
#include <string>

#include "dcmtk/conn.h"

namespace pacs
{

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
	~sham_server();
	sham_server(const sham_server &) = delete;
	sham_server &operator=(const sham_server &) = delete;

	bool open(std::string *ret_at);

      private:
	int fd = -1;
};

} // namespace pacs

/* Members are destroyed from the last to the first: the association is
 * dropped by hand before them. */
struct pacs_net_link {
	pacs::state state;
	pacs::sham_server sham;
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

namespace pacs
{

using link_ptr = std::unique_ptr<pacs_net_link>;

enum { MAX_PDU = 131072, BACKSTOP_S = 3600 };

/* DCMTK logs to stderr by default; a library has no say there. */
void be_quiet();
/* What ended it, as far as the connection knows; else what DCMTK says. */
enum pacs_err ended(struct pacs_error *err, state &st, const OFCondition &cond);
/* Cut to fit; NULL is "". */
void copy(char *to, size_t size, const char *from);
/* Whole ones, as DCMTK counts; never fewer. */
int seconds(unsigned ms);
/* Say who we are. */
void introduce(T_ASC_Parameters *params);
/* What the peer said of itself. */
void inform(const pacs_net_link &l, struct pacs_assoc_info *info);

/* Of the bridge (net-bridge.h). */
enum pacs_err net_open(struct pacs_error *err,
		       const struct pacs_assoc_options *o, int fd,
		       struct pacs_context *contexts, size_t count,
		       struct pacs_assoc_info *info,
		       struct pacs_net_link **ret);
enum pacs_err net_listen(struct pacs_error *err, unsigned port,
			 struct pacs_net_server **ret);
enum pacs_err net_accept(struct pacs_error *err, struct pacs_net_server *s,
			 const struct pacs_assoc_options *o,
			 const char *sop_class, unsigned ms,
			 struct pacs_context *ret_context,
			 struct pacs_assoc_info *info,
			 struct pacs_net_link **ret);
void net_unlisten(struct pacs_net_server *s);

} // namespace pacs

#endif
