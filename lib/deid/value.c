/* Replacements: pseudonyms and dummies; UIDs are in value-uid.c, dates in
 * value-date.c. All by HMAC-SHA256, each purpose with a key of its own. */
#include <stdio.h>
#include <string.h>

#include "deid/internal.h"

/* --- pseudonyms ----------------------------------------------------------- */

static void
hash_parts(const struct pacs_hmac *h, char kind, const char *a, const char *b,
	   uint8_t ret[PACS_SHA256_SIZE])
{
	struct pacs_buf in = {0};

	pacs_buf_addc(&in, kind);
	pacs_buf_add(&in, a, strlen(a) + 1);
	pacs_buf_adds(&in, b);
	pacs_hmac_of(h, in.data, in.len, ret);
	pacs_buf_clear(&in);
}

static unsigned
digits_of(const struct pacs_deid *d)
{
	return d->opts->digits ? d->opts->digits : PACS_PSEUDONYM_DIGITS;
}

static void
pseudonym_of(const struct pacs_deid *d, const uint8_t *digest, unsigned digits,
	     char *ret)
{
	const char *prefix = d->opts->prefix ? d->opts->prefix : "";
	char hex[PACS_SHA256_HEX];

	pacs_hex(digest, PACS_SHA256_SIZE, hex);
	snprintf(ret, PACS_PSEUDONYM_MAX + 1, "%s%.*s", prefix, (int)digits,
		 hex);
}

void
value_pseudonym(const struct pacs_deid *d, const char *issuer, const char *id,
		char *ret)
{
	uint8_t digest[PACS_SHA256_SIZE];

	hash_parts(d->patients, 'p', issuer, id, digest);
	pseudonym_of(d, digest, digits_of(d), ret);
}

/* Nobody looks out for collisions of these: they are never narrow, and begin
 * with what the patient is called as the patient of an object. */
void
value_other_pseudonym(const struct pacs_deid *d, const char *issuer,
		      const char *id, char *ret)
{
	uint8_t digest[PACS_SHA256_SIZE];
	unsigned digits = digits_of(d);

	hash_parts(d->patients, 'p', issuer, id, digest);
	pseudonym_of(d, digest,
		     digits < PACS_PSEUDONYM_DIGITS ? PACS_PSEUDONYM_DIGITS
						    : digits,
		     ret);
}

void
value_study_pseudonym(const struct pacs_deid *d, const char *study, char *ret)
{
	uint8_t digest[PACS_SHA256_SIZE];

	hash_parts(d->patients, 's', study, "", digest);
	pseudonym_of(d, digest, digits_of(d), ret);
}

static void
hash_text(const struct pacs_hmac *h, const char *s, char ret[17])
{
	uint8_t digest[PACS_SHA256_SIZE];

	pacs_hmac_of(h, s, strlen(s), digest);
	pacs_hex(digest, 8, ret);
}

void
value_accession(const struct pacs_deid *d, const char *s, char ret[17])
{
	hash_text(d->accessions, s, ret);
}

void
value_hash(const struct pacs_deid *d, const char *s, char ret[17])
{
	hash_text(d->values, s, ret);
}

/* --- dummies -------------------------------------------------------------- */

const char *
value_dummy(uint16_t vr, size_t *ret_len)
{
	static const struct {
		uint16_t vr;
		const char *text;
	} texts[] = {
	    {PACS_VR('A', 'E'), "REMOVED"},
	    {PACS_VR('A', 'S'), "000D"},
	    {PACS_VR('C', 'S'), "REMOVED"},
	    {PACS_VR('D', 'A'), "19000101"},
	    {PACS_VR('D', 'T'), "19000101000000"},
	    {PACS_VR('T', 'M'), "000000"},
	    {PACS_VR('P', 'N'), "REMOVED"},
	    {PACS_VR('U', 'R'), "urn:removed"},
	    {PACS_VR('D', 'S'), "0"},
	    {PACS_VR('I', 'S'), "0"},
	    {PACS_VR('L', 'O'), "REMOVED"},
	    {PACS_VR('S', 'H'), "REMOVED"},
	    {PACS_VR('L', 'T'), "REMOVED"},
	    {PACS_VR('S', 'T'), "REMOVED"},
	    {PACS_VR('U', 'C'), "REMOVED"},
	    {PACS_VR('U', 'T'), "REMOVED"},
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].vr == vr) {
			*ret_len = strlen(texts[i].text);
			return texts[i].text;
		}
	*ret_len = 8; /* fits numbers of any size */
	return "\0\0\0\0\0\0\0\0";
}
