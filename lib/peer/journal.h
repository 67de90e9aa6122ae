/* placeholder */
#ifndef PACS_PEER_JOURNAL_H
#define PACS_PEER_JOURNAL_H
struct pacs_journal;
#endif
