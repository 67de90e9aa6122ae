/*
 * Text files that users keep beside an archive, and its marker. The first byte
 * says which: 0 subjects, 1 and 2 a map, 3 the state of a verify, 4 values of a
 * condition, 5 a marker. What is taken must say the same when it is read again,
 * and a file is changed only as its header promises.
 */
#include "deid/internal.h"
#include "deid/map.h"
#include "deid/subjects.h"
#include "fixity/state.h"
#include "query/query.h"
#include "scratch.h"

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[sizeof(scratch_archive) + 8]; /* of the file, in an archive */
static bool have_archive;

static void
must_say_why(const struct pacs_error *err)
{
	must(err->code != PACS_OK && *err->msg);
}

static void
slurp(struct pacs_buf *b)
{
	struct pacs_error err = PACS_ERROR_INIT;

	pacs_buf_reset(b);
	must(pacs_file_slurp(&err, AT_FDCWD, path, SIZE_MAX / 2, b) == PACS_OK);
}

/* Who is listed is found: with the issuer of the line, and with none. */
static void
subjects(const char *text)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_subjects *s;
	size_t id = strcspn(text, "\t\r\n"), trial;
	char *name, *want;
	const char *got;

	if (pacs_deid_subjects_read(&err, path, &s)) {
		must_say_why(&err);
		return;
	}
	if (*text && *text != '#' && text[id] == '\t') {
		trial = strcspn(text + id + 1, "\t\r\n");
		name = pacs_strndup(text, id);
		want = pacs_strndup(text + id + 1, trial);
		got = subjects_find(s, "", name);
		must(text[id + 1 + trial] == '\t' ||
		     (got && !strcmp(got, want)));
		free(name);
		free(want);
	}
	pacs_deid_subjects_free(s);
}

static bool
add_to_map(bool unique)
{
	static const struct pacs_deid_identity id = {
	    .patient_id = "P\t1\\",
	    .issuer = "",
	    .pseudonym = "0123",
	    .old_accession = "",
	    .accession = "",
	    .old_study = "1.2",
	    .study = "2.25.1",
	    .old_series = "1.2.3",
	    .series = "2.25.2",
	};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_deid_map *m;

	if (pacs_deid_map_open(&err, path, unique, &m)) {
		must_say_why(&err);
		return false;
	}
	if (pacs_deid_map_add(&err, m, &id))
		must(unique && err.code == PACS_ECONFLICT);
	must(pacs_deid_map_close(&err, m) == err.code);
	if (err.code)
		return false;
	return true;
}

/* Lines stay as they are, but for one that a crash cut or filled with NULs; and
 * what is noted once is not noted again. */
static void
map(const char *text, size_t size, bool unique)
{
	struct pacs_buf once = {0}, twice = {0};
	size_t i;

	if (add_to_map(unique)) {
		slurp(&once);
		must(pacs_deid_map_begins(once.data, once.len));
		must(once.data[once.len - 1] == '\n');
		for (i = size; i && text[i - 1] != '\n'; i--)
			;
		must(memchr(text, '\0', size) ||
		     (i <= once.len && !memcmp(once.data, text, i)));
		must(add_to_map(unique));
		slurp(&twice);
		must(once.len == twice.len &&
		     !memcmp(once.data, twice.data, once.len));
	}
	pacs_buf_clear(&once);
	pacs_buf_clear(&twice);
}

static void
state(void)
{
	static const struct pacs_fixity_tally none;
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_verify_state *s, *again;
	struct pacs_archive *ar;
	const char *uuid;

	must(pacs_archive_open(&err, scratch_archive, PACS_ARCHIVE_READ, &ar) ==
	     PACS_OK);
	uuid = pacs_archive_settings(ar)->uuid;
	if (pacs_verify_state_read(&err, path, uuid, &s)) {
		must_say_why(&err);
	} else {
		must(pacs_verify_state_write(&err, s, ar, &none) == PACS_OK);
		must(pacs_verify_state_read(&err, path, uuid, &again) ==
		     PACS_OK);
		must(pacs_verify_state_oldest(s) ==
		     pacs_verify_state_oldest(again));
		pacs_verify_state_free(s);
		pacs_verify_state_free(again);
	}
	pacs_archive_close(ar);
}

static void
values(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_query q = {.count = 0};
	char condition[sizeof(path) + 16];

	snprintf(condition, sizeof(condition), "PatientID=@%s", path);
	if (pacs_query_add(&err, &q, condition, NULL))
		must_say_why(&err);
	else
		must(q.count == 1 && q.conditions[0].count > 0);
	pacs_query_clear(&q);
}

static void
marker(const uint8_t *data, size_t size)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_settings *s;
	struct pacs_archive *ar;

	scratch_put("pacs-archive", data, size);
	if (pacs_archive_open(&err, scratch_archive, PACS_ARCHIVE_READ, &ar)) {
		must_say_why(&err);
	} else {
		s = pacs_archive_settings(ar);
		must(s->default_issuer && s->timezone && s->index_keys &&
		     s->unknown);
		pacs_archive_close(ar);
	}
	have_archive = false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	if (!have_archive) {
		scratch_new();
		snprintf(path, sizeof(path), "%s/file", scratch_archive);
		have_archive = true;
	}
	scratch_remove(path);
	scratch_put("file", data + 1, size - 1);
	must(chmod(path, 0600) == 0);
	text = pacs_strndup((const char *)data + 1, size - 1);
	switch (data[0] % 6) {
	case 0:
		subjects(text);
		break;
	case 1:
	case 2:
		map((const char *)data + 1, size - 1, data[0] % 6 == 2);
		break;
	case 3:
		state();
		break;
	case 4:
		values();
		break;
	default:
		marker(data + 1, size - 1);
		break;
	}
	free(text);
	return 0;
}
