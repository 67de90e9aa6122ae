/*
 * Prints every element of a DICOM file, at every depth, one a line, for tests:
 * path, effective VR, VR as written, length, SHA-256 of the value's bytes,
 * value; tab-separated. The value is UTF-8 with control characters as \xNN and
 * empty for bytes; a sequence has its number of items, pixel data in fragments
 * the digest of each. Exit status 1 if the file cannot be read.
 *
 *     dsdump [-s] [-t STOPTAG] FILE     -s: strict
 */
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dicom/dataset.h"

static void
print_escaped(const struct pacs_buf *b)
{
	size_t i;

	for (i = 0; i < b->len; i++) {
		unsigned char c = (unsigned char)b->data[i];

		if (c < 0x20 || c == 0x7f)
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

static void
print_digest(const void *bytes, size_t n)
{
	unsigned char md[SHA256_DIGEST_LENGTH];
	size_t i;

	SHA256(bytes ? bytes : "", n, md);
	for (i = 0; i < sizeof(md); i++)
		printf("%02x", md[i]);
}

static void
print_fragments(const struct pacs_element *e)
{
	size_t i, n;

	printf("-\tfragments");
	for (i = 0; i < pacs_element_fragment_count(e); i++) {
		const void *p = pacs_element_fragment(e, i, &n);

		putchar(' ');
		print_digest(p, n);
	}
}

static void
print_value(const struct pacs_item *item, const struct pacs_element *e)
{
	struct pacs_buf text = {0};
	size_t n;
	const void *p = pacs_element_value(e, &n);

	if (pacs_element_is_encapsulated(e)) {
		print_fragments(e);
	} else if (!p && pacs_element_length(e)) {
		printf("-\tleft out");
	} else {
		print_digest(p, n);
		putchar('\t');
		pacs_element_text(item, e, &text, NULL);
		print_escaped(&text);
	}
	pacs_buf_clear(&text);
}

static void
print_vr(uint16_t vr)
{
	int a = vr >> 8, b = vr & 0xff;

	if (a >= 'A' && a <= 'Z' && b >= 'A' && b <= 'Z')
		printf("\t%c%c", a, b);
	else
		printf("\t--");
}

static void
print_item(struct pacs_item *item, const char *path)
{
	struct pacs_element *e;
	char name[2000];
	size_t i;

	for (e = pacs_item_first(item); e; e = pacs_element_next(e)) {
		snprintf(name, sizeof(name), "%s%08X", path,
			 pacs_element_tag(e));
		fputs(name, stdout);
		print_vr(pacs_element_vr(e));
		print_vr(pacs_element_raw_vr(e));
		printf("\t%llu\t", (unsigned long long)pacs_element_length(e));
		if (!pacs_element_is_sequence(e)) {
			print_value(item, e);
			putchar('\n');
			continue;
		}
		printf("-\t%zu\n", pacs_element_item_count(e));
		for (i = 0; i < pacs_element_item_count(e); i++) {
			char inner[2100];

			snprintf(inner, sizeof(inner), "%s[%zu].", name, i);
			print_item(pacs_element_item(e, i), inner);
		}
	}
}

int
main(int argc, char **argv)
{
	struct pacs_read_options opts = {.tolerate_damage = true};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds;
	const struct pacs_dataset_info *info;
	int c;

	while ((c = getopt(argc, argv, "st:")) != -1) {
		if (c == 's')
			opts.tolerate_damage = false;
		else if (c != 't' || !pacs_tag_parse(optarg, &opts.stop_tag))
			return 2;
	}
	if (optind + 1 != argc)
		return 2;
	if (pacs_dataset_read_file(&err, argv[optind], &opts, &ds)) {
		fprintf(stderr, "dsdump: %s: %s\n", pacs_err_name(err.code),
			err.msg);
		return 1;
	}
	info = pacs_dataset_info(ds);
	printf("#\t%s\t%s\t%s\t%llu\t%s\t%llu\n", info->transfer_syntax,
	       info->guessed ? "guessed" : "stated",
	       info->stopped ? "stopped" : "whole",
	       (unsigned long long)info->dataset_offset,
	       pacs_dataset_damage(ds) ? pacs_dataset_damage(ds) : "",
	       (unsigned long long)info->trailing_bytes);
	print_item(pacs_dataset_meta(ds), "");
	print_item(pacs_dataset_root(ds), "");
	pacs_dataset_free(ds);
	return fflush(stdout) == 0 ? 0 : 1;
}
