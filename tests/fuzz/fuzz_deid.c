/*
 * The transformer: whatever data set comes, what passes is a data set that can
 * be read strictly, that has no private element without the option, no group
 * before 0008, none of the old UIDs where they count; and doing it with the
 * same key again gives the same bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deid/deid.h"
#include "deid/rules.h"
#include "deid/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[PACS_DEID_KEY_SIZE] = {7};

static void
fail(const char *why)
{
	fprintf(stderr, "%s\n", why);
	abort();
}

static struct pacs_dataset *
parse(const void *data, size_t size, bool strict)
{
	struct pacs_read_options opts = {.max_inflated = 1 << 20,
					 .max_elements = 100000};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds;

	if (pacs_dataset_read_memory(&err, data, size, &opts, &ds) == PACS_OK)
		return ds;
	if (strict)
		fail(err.msg);
	return NULL;
}

static bool
has_forbidden(const struct pacs_item *item, bool private_ok)
{
	const struct pacs_element *e;
	size_t i;

	for (e = pacs_item_first(item); e; e = pacs_element_next(e)) {
		uint32_t tag = pacs_element_tag(e);

		if (tag < 0x00080000u ||
		    (PACS_TAG_IS_PRIVATE(tag) && !private_ok))
			return true;
		for (i = 0; i < pacs_element_item_count(e); i++)
			if (has_forbidden(pacs_element_item(e, i), private_ok))
				return true;
	}
	return false;
}

/* De-identify; false if it does not pass. */
static bool
transform(const struct pacs_deid *d, const uint8_t *data, size_t size,
	  struct pacs_buf *out)
{
	static struct pacs_deid_result r;
	struct pacs_dataset *ds = parse(data, size, false);
	struct pacs_error err = PACS_ERROR_INIT;
	bool passed = false;

	if (ds && pacs_deid_apply(&err, d, ds, &r) == PACS_OK &&
	    r.verdict == PACS_DEID_PASSED)
		passed =
		    pacs_deid_write(&err, ds, pacs_sink_buf, out) == PACS_OK;
	pacs_dataset_free(ds);
	pacs_deid_result_clear(&r);
	return passed;
}

static void
check(const struct pacs_buf *out, unsigned columns)
{
	struct pacs_dataset *ds = parse(out->data, out->len, true);
	struct pacs_item *root = pacs_dataset_root(ds);
	char a[PACS_UID_MAX + 1], b[PACS_UID_MAX + 1];

	if (has_forbidden(root, columns & PACS_OPT_SAFE_PRIVATE))
		fail("what may not be there is there");
	if (!pacs_item_uid(root, PACS_TAG_SOPInstanceUID, a, sizeof(a)) ||
	    !pacs_item_uid(pacs_dataset_meta(ds),
			   PACS_TAG_MediaStorageSOPInstanceUID, b, sizeof(b)) ||
	    strcmp(a, b) != 0)
		fail("group 0002 says another UID");
	if (!(columns & PACS_OPT_UIDS) && strncmp(a, "2.25.", 5) != 0 &&
	    (strncmp(a, "1.2.840.10008.", 14) != 0 || strlen(a) > 34))
		fail("an old UID");
	pacs_dataset_free(ds);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char rule_text[] = "keep StudyDescription\n"
					"hash vr:LO when Modality=C*\n"
					"replace StudyID \"X\"\n"
					"blank PatientSex\n"
					"keep private \"ACME\" 0009,xx01\n";
	struct pacs_deid_options opts = {.allow = ~UINT64_C(0)};
	struct pacs_buf out = {0}, again = {0};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_rules *rules = NULL;
	struct pacs_deid *d;

	if (size < 2)
		return 0;
	opts.columns = (data[0] | (unsigned)data[1] << 8) & 0x27f;
	if ((opts.columns & PACS_OPT_DATES) == PACS_OPT_DATES)
		opts.columns &= ~(unsigned)PACS_OPT_FULL_DATES;
	if ((data[1] & 0x80) &&
	    !pacs_deid_rules_parse(&err, "rules", rule_text, strlen(rule_text),
				   &rules)) {
		opts.rules = rules;
		opts.columns |= PACS_OPT_SAFE_PRIVATE;
	}
	d = pacs_deid_new(&opts, key);
	if (transform(d, data + 2, size - 2, &out)) {
		check(&out, opts.columns);
		if (!transform(d, data + 2, size - 2, &again) ||
		    out.len != again.len ||
		    memcmp(out.data, again.data, out.len) != 0)
			fail("twice is not the same");
	}
	pacs_deid_free(d);
	pacs_deid_rules_free(rules);
	pacs_buf_clear(&out);
	pacs_buf_clear(&again);
	return 0;
}
