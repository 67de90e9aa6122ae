/*
 * The texts of a repository: the first byte says which. 0: a snapshot as it is;
 * 1: one that gets the digest of itself at its end, so that what is behind it
 * is reached; 2: lines of a groups file.
 */
#include "backup/entry.h"
#include "backup/packing.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
snapshot(const char *text, size_t len)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct snapshot s, again;
	struct pacs_buf b = {0};
	size_t i;

	if (snapshot_parse(&err, text, len, &s)) {
		must(err.code == PACS_EFORMAT && !s.files && !s.owed);
		return;
	}
	must(s.number >= 1 && s.number <= 999999);
	for (i = 0; i < s.file_count; i++) {
		const char *name = s.files[i].name;

		must(!strstr(name, "..") && *name != '/' &&
		     (!strncmp(name, "packs/", 6) ||
		      !strncmp(name, "index/", 6)));
	}
	/* What was read can be written, and read again as the same. */
	snapshot_format(&s, &b);
	must(snapshot_parse(&err, b.data, b.len, &again) == PACS_OK);
	must(again.number == s.number && again.file_count == s.file_count &&
	     again.owed_count == s.owed_count && again.bytes == s.bytes);
	snapshot_clear(&again);
	snapshot_clear(&s);
	pacs_buf_clear(&b);
}

static void
groups(char *text)
{
	char *line, *save = NULL;
	struct group_line g;
	enum entry_kind kind;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (group_parse(line, &g))
			must(g.what == '+' ? g.length > 0
					   : entry_kind_of(g.path, &kind));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pacs_buf b = {0};

	if (!size)
		return 0;
	pacs_buf_add(&b, data + 1, size - 1);
	if (data[0] == 1)
		text_seal(&b);
	if (data[0] == 2)
		groups(b.data);
	else
		snapshot(pacs_buf_str(&b), b.len);
	pacs_buf_clear(&b);
	return 0;
}
