/*
 * The address book (pacs-peers(5)): peers by name.
 */
#ifndef PACS_PEER_BOOK_H
#define PACS_PEER_BOOK_H

#include "peer/peer.h"

#define PACS_BOOK_MAX (1u << 20) /* bytes of an address book */

/*
 * Find name in the text of an address book and fill *p (inited by the caller)
 * with what stands there. PACS_ENOTFOUND: no such name, *p is as before;
 * PACS_EUSAGE: the book is wrong, with the number of the line. All of the book
 * is checked, so that an error in it shows at once.
 */
enum pacs_err pacs_book_find(struct pacs_error *err, const char *text,
			     size_t len, const char *name,
			     struct pacs_peer *p) PACS_MUST_CHECK;

/*
 * The peer that text names: written out, or looked up in books, the first file
 * that has it; files that are not there are passed over. *p must be inited and
 * is cleared by the caller. PACS_ENOTFOUND: in none of them.
 */
enum pacs_err pacs_peer_find(struct pacs_error *err, const char *text,
			     const char *const *books, size_t count,
			     struct pacs_peer *p) PACS_MUST_CHECK;

#endif
