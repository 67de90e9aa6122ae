/*
 * What pacs-store --stdin takes: one object, or a tar, zip, ISO image or
 * compressed stream of them. The first byte says how: bit 0 a dry run, bit 1
 * strict, bit 2 one worker. Every record must be one that the manual knows,
 * what is told as stored must be there, and nothing may appear beside the
 * archive.
 */
#include <dirent.h>
#include <sys/mman.h>

#include "ingest/ingest.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
	struct pacs_archive *ar;
	bool dry_run;
	uint64_t records;
};

static void
check_record(void *ctx, const struct pacs_ingest_record *r)
{
	struct told *t = ctx;
	struct stat st;

	t->records++;
	must(r->outcome < PACS_OUTCOMES && r->reason && r->detail &&
	     r->triple && r->sop_class && r->sha256 && r->path && r->source);
	must(!strchr(r->source, '\n'));
	if (r->outcome == PACS_OUTCOME_FAILED ||
	    r->outcome == PACS_OUTCOME_SKIPPED) {
		must(*r->reason);
		return;
	}
	must(strlen(r->sha256) == 64 && *r->path && r->path[0] != '/' &&
	     !strstr(r->path, "/../"));
	if (!t->dry_run)
		must(fstatat(pacs_archive_dirfd(t->ar), r->path, &st, 0) == 0 &&
		     S_ISREG(st.st_mode) && (uint64_t)st.st_size == r->size);
}

static bool
no_item(void *ctx, struct pacs_buf *path)
{
	(void)ctx, (void)path;
	return false;
}

static bool
go_on(void *ctx)
{
	(void)ctx;
	return false;
}

static void
only_the_archive(void)
{
	DIR *d = opendir(scratch);
	struct dirent *e;

	must(d != NULL);
	while ((e = readdir(d)))
		must(e->d_name[0] == '.' || !strcmp(e->d_name, "a"));
	closedir(d);
}

static void
store(int how, int fd)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct told told = {.dry_run = how & 1};
	struct pacs_ingest_options opts = {
	    .workers = how & 4 ? 1 : 2,
	    .dry_run = told.dry_run,
	    .strict = how & 2,
	    .stream_fd = fd,
	};
	struct pacs_ingest_hooks hooks = {
	    .ctx = &told,
	    .next = no_item,
	    .record = check_record,
	    .stopped = go_on,
	};
	struct pacs_ingest_tally tally = {0};
	uint64_t sum = 0;
	enum pacs_err rc;
	size_t i;

	must(pacs_archive_open(&err, scratch_archive, PACS_ARCHIVE_WRITE,
			       &told.ar) == PACS_OK);
	rc = pacs_ingest(&err, told.ar, &opts, &hooks, &tally);
	must(rc == err.code);
	for (i = 0; i < PACS_OUTCOMES; i++)
		sum += tally.outcomes[i];
	must(sum == told.records);
	pacs_archive_close(told.ar);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned runs;
	int fd;

	if (!size)
		return 0;
	if (runs++ % 64 == 0)
		scratch_new();
	fd = memfd_create("input", MFD_CLOEXEC);
	must(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)size - 1 &&
	     lseek(fd, 0, SEEK_SET) == 0);
	store(data[0], fd);
	close(fd);
	only_the_archive();
	return 0;
}
