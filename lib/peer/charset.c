/*
 * Character sets that a peer is not known to read. Objects in them are sent as
 * they are; that the peer may show other characters is worth a word.
 */
#include "dicom/text.h"
#include "peer/run.h"

uint64_t
charset_unread(struct run *r, const struct pacs_object *o)
{
	uint64_t reads;

	if (!o->charsets)
		return 0;
	reads = run_peer(r)->charsets;
	return reads ? o->charsets & ~reads : 0;
}

const char *
charset_word(uint64_t bit)
{
	const char *term = pacs_charset_term(bit);

	return term ? term : "other";
}

/* The lowest bit of the set, taken out of it. */
static uint64_t
take_bit(uint64_t *bits)
{
	uint64_t bit = *bits & -*bits;

	*bits &= ~bit;
	return bit;
}

void
charset_words(uint64_t bits, struct pacs_buf *ret)
{
	while (bits) {
		if (ret->len)
			pacs_buf_addc(ret, '\\');
		pacs_buf_adds(ret, charset_word(take_bit(&bits)));
	}
}

void
charset_note(struct run *r, const struct pacs_object *o)
{
	uint64_t fresh = charset_unread(r, o);

	if (!fresh)
		return;
	pthread_mutex_lock(&r->lock);
	fresh &= ~r->unread_told;
	r->unread_told |= fresh;
	pthread_mutex_unlock(&r->lock);
	while (fresh)
		run_note(r,
			 "%s is not known to read the character set %s; it "
			 "goes as it is",
			 run_peer(r)->name, charset_word(take_bit(&fresh)));
}

void
charset_count(struct run *r, uint64_t unread, uint64_t bytes)
{
	struct unread *u;

	while (unread) {
		u = &r->unread[__builtin_ctzll(take_bit(&unread))];
		u->objects++;
		u->bytes += bytes;
	}
}
