/*
 * Reads a DICOM file and writes it again, for tests:
 *
 *     dsconvert [-t SYNTAX] [-b] [-m] [-u] [-p KEYWORD=TEXT]... IN OUT
 *
 * -t transfer syntax, -b bare, -m new group 0002, -u undefined lengths,
 * -p put an attribute. Exit status 1 on failure, with the reason on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dicom/dataset.h"

static enum pacs_err
sink(struct pacs_error *err, void *ctx, const void *bytes, size_t size)
{
	if (fwrite(bytes, 1, size, ctx) != size)
		return pacs_error_set(err, PACS_EIO, "cannot write");
	return PACS_OK;
}

static enum pacs_err
put(struct pacs_error *err, struct pacs_dataset *ds, char *what)
{
	char *value = strchr(what, '=');
	uint32_t tag;

	if (!value)
		return pacs_error_set(err, PACS_EUSAGE, "no '='");
	*value++ = '\0';
	if (!pacs_tag_parse(what, &tag))
		return pacs_error_set(err, PACS_EUSAGE, "no such tag");
	return pacs_item_put_text(err, pacs_dataset_root(ds), tag, value);
}

int
main(int argc, char **argv)
{
	struct pacs_write_options opts = {0};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_dataset *ds = NULL;
	char *puts[100];
	int c, nputs = 0, i;
	FILE *out;

	while ((c = getopt(argc, argv, "t:bmup:")) != -1) {
		if (c == 't')
			opts.transfer_syntax = optarg;
		else if (c == 'b')
			opts.bare = true;
		else if (c == 'm')
			opts.new_meta = true;
		else if (c == 'u')
			opts.undefined_lengths = true;
		else if (c == 'p' && nputs < 100)
			puts[nputs++] = optarg;
		else
			return 2;
	}
	if (optind + 2 != argc)
		return 2;
	if (pacs_dataset_read_file(&err, argv[optind], NULL, &ds))
		goto fail;
	for (i = 0; i < nputs; i++) {
		if (put(&err, ds, puts[i]))
			goto fail;
	}
	out = fopen(argv[optind + 1], "wb");
	if (!out)
		return 1;
	if (pacs_dataset_write(&err, ds, &opts, sink, out))
		goto fail;
	pacs_dataset_free(ds);
	return fclose(out) == 0 ? 0 : 1;
fail:
	fprintf(stderr, "dsconvert: %s: %s\n", pacs_err_name(err.code),
		err.msg);
	pacs_dataset_free(ds);
	return 1;
}
