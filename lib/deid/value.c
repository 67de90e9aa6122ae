/* Replacements: pseudonyms, UIDs, dates, dummies. All by HMAC-SHA256, each
 * purpose with a key of its own. */
#include <stdio.h>
#include <string.h>

#include "deid/internal.h"
#include "dicom/date.h"

#define WELL_KNOWN "1.2.840.10008."

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

/* --- UIDs ----------------------------------------------------------------- */

/*
 * What the standard itself names: classes, syntaxes, well-known frames of
 * reference and palettes, coding schemes, context groups. Not all below its
 * root: some devices put a date and a number behind the UID of a class.
 */
bool
value_is_exempt_uid(const char *uid)
{
	static const char *const arcs[] = {"1.4.", "1.5.", "2.16.", "6.1.",
					   "7.1.", "8.1.", "9.1.",  "15."};
	size_t i;

	if (strncmp(uid, WELL_KNOWN, strlen(WELL_KNOWN)) != 0 ||
	    strspn(uid, "0123456789.") != strlen(uid))
		return false;
	if (pacs_sop_class_find(uid) || pacs_syntax_find(uid))
		return true;
	for (i = 0; i < sizeof(arcs) / sizeof(arcs[0]); i++)
		if (!strncmp(uid + strlen(WELL_KNOWN), arcs[i],
			     strlen(arcs[i])))
			return strlen(uid) <= 30;
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

/* --- dates ---------------------------------------------------------------- */

int
pacs_deid_offset(const struct pacs_deid *d, const char *pseudonym)
{
	unsigned range =
	    d->opts->date_range_days ? d->opts->date_range_days : 365;
	unsigned step = d->opts->whole_weeks ? 7 : 1, choices = range / step;
	uint8_t digest[PACS_SHA256_SIZE];
	uint64_t n = 0;
	int i;

	if (!choices)
		choices = 1;
	pacs_hmac_of(d->dates, pseudonym, strlen(pseudonym), digest);
	for (i = 0; i < 8; i++)
		n = n << 8 | digest[i];
	return -(int)((unsigned)(n % choices + 1) * step);
}

static bool
all_digits(const char *s, size_t n)
{
	while (n--)
		if (*s < '0' || *s++ > '9')
			return false;
	return true;
}

/* +HHMM or -HHMM, padded. */
static bool
is_offset(const char *s, size_t n)
{
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\0'))
		n--;
	return n == 5 && (*s == '+' || *s == '-') && all_digits(s + 1, 4) &&
	       (s[1] == '0' || (s[1] == '1' && s[2] <= '4')) && s[3] <= '5';
}

/* What may follow the date of a DT: HHMMSS.FFFFFF and an offset, or some of
 * it. */
static bool
is_time_of_day(const char *s, size_t n)
{
	size_t digits = 0, fraction = 0;

	while (digits < n && all_digits(s + digits, 1))
		digits++;
	s += digits;
	n -= digits;
	if (n && *s == '.') {
		while (fraction + 1 < n && all_digits(s + fraction + 1, 1))
			fraction++;
		s += fraction + 1;
		n -= fraction + 1;
	}
	return digits <= 6 && fraction <= 6 && (!n || is_offset(s, n));
}

/* Year, month and day by the digits that there are (4, 6 or 8), moved; what is
 * not there counts as its middle, so that order is kept. */
static bool
move_digits(const char *s, size_t n, int days, char *ret)
{
	char full[9] = "00000701", buf[9];

	if (n == 6)
		memcpy(full + 6, "15", 2);
	memcpy(full, s, n);
	if (!pacs_date_normal(full, 8, buf))
		return false;
	pacs_date_from_days(pacs_date_to_days(buf) + days, buf);
	memcpy(ret, buf, n);
	return true;
}

bool
pacs_deid_shift(const char *s, size_t len, bool is_datetime, int days,
		struct pacs_buf *out)
{
	char buf[16] = "";
	size_t digits = 0, start = 0;

	while (len && (s[len - 1] == ' ' || s[len - 1] == '\0'))
		len--;
	while (start < len && s[start] == ' ')
		start++;
	s += start;
	len -= start;
	if (!is_datetime && len == 10 && s[4] == '.' && s[7] == '.') {
		if (!pacs_date_normal(s, len, buf) ||
		    !move_digits(buf, 8, days, buf))
			return false;
		pacs_buf_addf(out, "%.4s.%.2s.%.2s", buf, buf + 4, buf + 6);
		return true;
	}
	while (digits < len && digits < 8 && s[digits] >= '0' &&
	       s[digits] <= '9')
		digits++;
	if (digits != 8 && (!is_datetime || (digits != 4 && digits != 6)))
		return false;
	if (!is_datetime && len != 8)
		return false;
	if (!is_time_of_day(s + digits, len - digits))
		return false;
	if (!all_digits(s, digits) || !move_digits(s, digits, days, buf))
		return false;
	pacs_buf_add(out, buf, digits);
	pacs_buf_add(out, s + digits, len - digits);
	return true;
}

/* A time stamp of PTP: 48 bits of seconds and 32 of nanoseconds, big endian. */
static bool
shift_ptp(struct walk *w, struct pacs_element *e)
{
	uint8_t bytes[10];
	uint64_t seconds = 0;
	size_t len;
	const uint8_t *p = pacs_element_value(e, &len);
	int i;

	if (!p || len != sizeof(bytes))
		return false;
	memcpy(bytes, p, sizeof(bytes));
	for (i = 0; i < 6; i++)
		seconds = seconds << 8 | bytes[i];
	seconds += (uint64_t)((int64_t)w->days * 86400);
	for (i = 5; i >= 0; i--, seconds >>= 8)
		bytes[i] = (uint8_t)seconds;
	pacs_element_set(e, VR("OB"), bytes, sizeof(bytes));
	return true;
}

bool
value_shift(struct walk *w, struct pacs_element *e)
{
	uint32_t tag = pacs_element_tag(e);
	uint16_t vr = pacs_element_vr(e);
	struct pacs_buf out = {0};
	size_t len, n;
	const char *s = pacs_element_value(e, &len);
	bool good = true;

	if (tag == PACS_TAG_FrameOriginTimestamp)
		return shift_ptp(w, e);
	if (tag == PACS_TAG_TimezoneOffsetFromUTC)
		return s && is_offset(s, len);
	if (vr == VR("TM"))
		return form_fits(e, vr);
	if (!s || (vr != VR("DA") && vr != VR("DT")))
		return false;
	while (good && len) {
		const char *end = memchr(s, '\\', len);

		n = end ? (size_t)(end - s) : len;
		good =
		    !n || pacs_deid_shift(s, n, vr == VR("DT"), w->days, &out);
		if (!end)
			break;
		pacs_buf_addc(&out, '\\');
		s += n + 1;
		len -= n + 1;
	}
	if (good)
		pacs_element_set(e, vr, pacs_buf_str(&out), out.len);
	pacs_buf_clear(&out);
	return good;
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
