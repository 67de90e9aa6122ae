/* UIDs: which get another one, and which. */
#include <string.h>

#include "deid/internal.h"

#define WELL_KNOWN "1.2.840.10008."

/* As many numbers as that, each of at most so many digits. */
static bool
is_short(const char *s, unsigned numbers, size_t max)
{
	for (; numbers; numbers--) {
		size_t n = strspn(s, "0123456789");

		if (!n || n > max || s[n] != (numbers > 1 ? '.' : '\0'))
			return false;
		s += n + (numbers > 1);
	}
	return true;
}

/*
 * What the standard itself names: classes, syntaxes, well-known frames of
 * reference and palettes, coding schemes, context groups, classes of LDAP. Not
 * all below its root: some devices put a date and a number behind the UID of a
 * class, and an arc without a bound has room for a birth date.
 */
bool
value_is_exempt_uid(const char *uid)
{
	static const struct {
		const char *arc;
		unsigned numbers;
		size_t digits;
	} arcs[] = {{"1.4.", 2, 2}, {"1.5.", 1, 2},  {"2.16.", 1, 2},
		    {"6.1.", 1, 4}, {"7.1.", 1, 2},  {"8.1.", 1, 2},
		    {"9.1", 0, 0},  {"15.0.", 2, 2}, {"15.1.1", 0, 0}};
	const char *rest;
	size_t i, n;

	if (strncmp(uid, WELL_KNOWN, strlen(WELL_KNOWN)) != 0)
		return false;
	rest = uid + strlen(WELL_KNOWN);
	if (pacs_sop_class_find(uid) || pacs_syntax_find(uid))
		return true;
	for (i = 0; i < sizeof(arcs) / sizeof(arcs[0]); i++) {
		n = strlen(arcs[i].arc);
		if (!strncmp(rest, arcs[i].arc, n))
			return arcs[i].numbers
				   ? is_short(rest + n, arcs[i].numbers,
					      arcs[i].digits)
				   : !rest[n];
	}
	return false;
}

static void
digest_of(const struct pacs_deid *d, const char *uid,
	  struct pacs_uid_digest *ret)
{
	uint8_t digest[PACS_SHA256_SIZE];

	pacs_hmac_of(d->uids, uid, strlen(uid), digest);
	memcpy(ret->bytes, digest, sizeof(ret->bytes));
}

const struct pacs_uid_digest *
value_digest(const struct pacs_deid *d, struct pacs_deid_result *r,
	     const char *uid)
{
	struct pacs_deid_known *known;
	uint32_t hash = 5381;
	size_t i;

	for (i = 0; uid[i]; i++)
		hash = hash * 33 + (unsigned char)uid[i];
	known = &r->known[(hash ^ hash >> 16) % PACS_DEID_KNOWN];
	if (i && i < sizeof(known->uid) && !memcmp(known->uid, uid, i + 1))
		return &known->digest;
	/* What is too long to be kept only uses the place. */
	digest_of(d, uid, &known->digest);
	known->uid[0] = '\0';
	if (i && i < sizeof(known->uid))
		memcpy(known->uid, uid, i + 1);
	return &known->digest;
}

void
value_uid(const struct pacs_deid *d, struct pacs_deid_result *r,
	  const char *uid, char *ret)
{
	if (value_is_exempt_uid(uid))
		memcpy(ret, uid, strlen(uid) + 1);
	else
		pacs_uid_from_bytes(value_digest(d, r, uid)->bytes, ret);
}

void
pacs_deid_uid(const struct pacs_deid *d, const char *uid, char *ret)
{
	struct pacs_uid_digest digest;

	if (value_is_exempt_uid(uid)) {
		memcpy(ret, uid, strlen(uid) + 1);
		return;
	}
	digest_of(d, uid, &digest);
	pacs_uid_from_bytes(digest.bytes, ret);
}

void
value_note_reference(struct walk *w, const char *uid)
{
	const struct pacs_element *around = pacs_item_sequence(w->item);
	struct pacs_deid_result *r = w->r;
	struct pacs_deid_ref *ref;

	if (r->ref_count == r->ref_cap) {
		r->ref_cap = r->ref_cap ? r->ref_cap * 2 : 64;
		r->refs = pacs_realloc(r->refs, r->ref_cap * sizeof(*r->refs));
	}
	ref = &r->refs[r->ref_count++];
	ref->instance = *value_digest(w->d, r, uid);
	ref->tag = around ? pacs_element_tag(around) : 0;
}

/* One value, of any length: padding goes first, so that the same UID always
 * becomes the same one. */
static void
replace_one(struct walk *w, uint32_t tag, const char *s, size_t n,
	    struct pacs_buf *out)
{
	char buf[256], uid[PACS_UID_MAX + 1];
	struct pacs_buf odd = {0};
	const char *clean = buf;

	if (!pacs_uid_clean(s, n, buf, sizeof(buf))) {
		if (n < sizeof(buf))
			return; /* empty */
		pacs_buf_add(&odd, s, n);
		clean = pacs_buf_str(&odd);
	}
	if (*clean) {
		if (tag == PACS_TAG_ReferencedSOPInstanceUID)
			value_note_reference(w, clean);
		value_uid(w->d, w->r, clean, uid);
		pacs_buf_adds(out, uid);
	}
	pacs_buf_clear(&odd);
}

bool
value_replace_uids(struct walk *w, struct pacs_element *e)
{
	struct pacs_buf out = {0};
	size_t len, n;
	const char *s = pacs_element_value(e, &len);

	if (!s || !len)
		return !pacs_element_length(e) && !pacs_element_is_sequence(e);
	for (;;) {
		const char *end = memchr(s, '\\', len);

		n = end ? (size_t)(end - s) : len;
		replace_one(w, pacs_element_tag(e), s, n, &out);
		if (!end)
			break;
		pacs_buf_addc(&out, '\\');
		s += n + 1;
		len -= n + 1;
	}
	pacs_element_set(e, VR("UI"), pacs_buf_str(&out), out.len);
	pacs_buf_clear(&out);
	return true;
}
