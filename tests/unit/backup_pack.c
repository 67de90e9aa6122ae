/*
 * The entries of packs: written, read back, and refused.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/entry.h"
#include "backup/packing.h"
#include "base/fs.h"
#include "unit/folder.h"
#include "unit/test.h"

/* A pack of these bytes under this name. */
static void
make(struct pacs_buf *pack, const char *path, const char *bytes,
     const char *sha256)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf raw = {0};
	size_t n = strlen(bytes), pad = tar_padding(n) + 2 * BLOCK;

	tar_header(&raw, path, n, 0440, sha256);
	pacs_buf_add(&raw, bytes, n);
	memset(pacs_buf_reserve(&raw, pad), 0, pad);
	raw.len += pad;
	CHECK(zstd_whole(&err, raw.data, raw.len, 3, pack) == PACS_OK);
	pacs_buf_clear(&raw);
}

/* The error of reading all of it; *ret_n entries came. */
static enum pacs_err
read_all(const struct pacs_buf *pack, size_t len, unsigned *ret_n)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct entry *e;
	const void *bytes;
	struct unpack *u;
	struct pull p;
	enum pacs_err rc;
	size_t n;

	*ret_n = 0;
	pull_memory(&p, pack->data, len);
	rc = unpack_open(&err, &p, &u);
	while (!rc && !(rc = unpack_next(&err, u, &e)) && e) {
		while (!(rc = unpack_data(&err, u, &bytes, &n)) && n)
			;
		*ret_n += !rc;
	}
	unpack_close(u);
	return rc;
}

static void
round_trip(void)
{
	char sha[PACS_SHA256_HEX], path[PACS_PATH_ROOM];
	struct pacs_triple t = {"1.2.3", "1.2.3.4", "1.2.3.4.5"};
	struct pacs_buf pack = {0};
	enum entry_kind kind;
	unsigned n;
	size_t cut;

	TEST("an entry comes back, and each cut of a pack is seen");
	pacs_object_path(&t, path);
	CHECK(entry_kind_of(path, &kind) && kind == ENTRY_OBJECT);
	pacs_sha256_hex("hello", 5, sha);
	make(&pack, path, "hello", sha);
	CHECK(read_all(&pack, pack.len, &n) == PACS_OK && n == 1);
	for (cut = 1; cut < pack.len; cut++)
		CHECK(read_all(&pack, cut, &n) == PACS_EFORMAT);
	pacs_buf_clear(&pack);

	TEST("bytes that do not have the noted digest are told");
	make(&pack, path, "hallo", sha);
	CHECK(read_all(&pack, pack.len, &n) == PACS_EINTEGRITY && n == 0);
	pacs_buf_clear(&pack);
}

static void
names(void)
{
	static const char *const evil[] = {
	    "/etc/passwd",
	    "../x",
	    "objects/../x",
	    "objects/000/1/2/../../../x.dcm",
	    "objects/000/1.2.3/1.2.3.4/1.2.3.4.5.dcm", /* another shard */
	    "ledger/../x.tsv",
	    "ledger/1.tsv",
	    "ledger/cut-1",
	    "quarantine/x.dcm",
	    "amendments/../x",
	    "amendments/.x",
	    "incoming/w/lock",
	    "index.db",
	    "purged/x",
	    "",
	};
	struct pacs_buf pack = {0};
	enum entry_kind kind;
	unsigned n;
	size_t i;

	TEST("a name that could lead elsewhere is no name of a pack");
	for (i = 0; i < sizeof(evil) / sizeof(*evil); i++) {
		CHECK(!entry_kind_of(evil[i], &kind));
		if (!*evil[i])
			continue;
		make(&pack, evil[i], "x", NULL);
		CHECK(read_all(&pack, pack.len, &n) == PACS_EFORMAT && n == 0);
		pacs_buf_clear(&pack);
	}
	CHECK(entry_kind_of("ledger/000001.tsv", &kind) &&
	      kind == ENTRY_LEDGER);
	CHECK(entry_kind_of("peers", &kind) && kind == ENTRY_SMALL);
	CHECK(entry_kind_of("pacs-archive", &kind) && kind == ENTRY_MARKER);
}

static void
groups(void)
{
	char good[] = "0123456789abcdef\t+\t00001\t000000000100\t200\t300\t2"
		      "\t1.2.3\tA1\tP1\t\tNAME\t\t\t\t\t\t\t\tCT";
	char gone[] = "0123456789abcdef\t-\tpeers";
	char many[] = "0123456789abcdef\t+\t100000\t1\t2\t3\t4"
		      "\t1.2.3\t\t\t\t\t\t\t\t\t\t\t\t";
	char bad[][80] = {
	    "0123456789abcdef\t+\t00001\t100\t0\t300\t2\t1.2.3",
	    "0123456789abcde\t-\tpeers",
	    "0123456789abcdef\t-\t../x",
	    "0123456789abcdef\t*\tpeers",
	    "0123456789abcdef",
	};
	struct group_line g;
	size_t i;

	TEST("lines of a groups file");
	CHECK(group_parse(good, &g) && g.what == '+' && g.pack == 1 &&
	      g.offset == 100 && g.length == 200 && g.objects == 2);
	CHECK_STR(g.values[GROUP_AccessionNumber], "A1");
	CHECK_STR(g.values[GROUP_Modality], "CT");
	CHECK(group_parse(gone, &g) && g.what == '-');
	CHECK(group_parse(many, &g) && g.pack == 100000);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!group_parse(bad[i], &g));
}

static void
snapshots(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct snapshot s = {.number = 3, .objects = 7}, back;
	static const struct pacs_cursor start = PACS_CURSOR_START;
	struct pacs_backup_file *f;
	struct pacs_buf b = {0};
	size_t i;

	TEST("a snapshot comes back, and no byte of it can change unseen");
	s.from = s.to = s.sealed = start;
	s.to.segment = s.sealed.segment = 9;
	f = snapshot_add(&s);
	snprintf(f->name, sizeof(f->name), "packs/000003/00001.tar.zst");
	snprintf(f->kind, sizeof(f->kind), "objects");
	pacs_sha256_hex("x", 1, f->sha256);
	f->size = 12;
	snapshot_owe(&s, &start);
	snapshot_format(&s, &b);
	CHECK(snapshot_parse(&err, b.data, b.len, &back) == PACS_OK);
	CHECK(back.number == 3 && back.objects == 7 && back.to.segment == 9 &&
	      back.file_count == 1 && back.files[0].size == 12 &&
	      back.owed_count == 1);
	snapshot_clear(&back);
	for (i = 0; i < b.len; i++) {
		b.data[i] ^= 1;
		pacs_error_clear(&err);
		CHECK(snapshot_parse(&err, b.data, b.len, &back) ==
		      PACS_EFORMAT);
		CHECK(snapshot_parse(&err, b.data, i, &back) == PACS_EFORMAT);
		b.data[i] ^= 1;
	}
	snapshot_clear(&s);
	pacs_buf_clear(&b);
}

static bool
stop_at_second(void *ctx)
{
	return ++*(unsigned *)ctx == 2;
}

/* How many descriptors are open? */
static unsigned
descriptors(void)
{
	unsigned n = 0;
	int fd;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* An object of three ranges, of which one is on its way when it stops. */
static void
big_stopped(struct pacs_archive *ar)
{
	struct pacs_error err = PACS_ERROR_INIT;
	unsigned asked = 0, before;
	const struct pacs_backup_hooks hooks = {.ctx = &asked,
						.stopped = stop_at_second};
	const size_t size = 9 << 20;
	struct item item = {.path = (char *)(uintptr_t) "large", .size = size};
	struct plan plan = {.list = &item, .count = 1};
	struct snapshot s = {0};
	struct packer p = {
	    .ar = ar, .snapshot = &s, .hooks = &hooks, .pack_size = UINT64_MAX};
	char *zeros = pacs_calloc(1, size), sha[PACS_SHA256_HEX];

	TEST("a large object that is broken off leaves no descriptor open");
	pacs_sha256_hex(zeros, size, sha);
	item.sha256 = sha;
	CHECK(!pacs_fs_write_file(&err, pacs_archive_dirfd(ar), "large", 0600,
				  zeros, size, false));
	free(zeros);
	p.stream_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	CHECK(!crew_open(&err, ar, 2, 1, 0, &hooks, &p.crew));
	before = descriptors();
	CHECK(pack_plan(&err, &p, &plan) == PACS_EINTERRUPTED);
	CHECK(asked == 2 && descriptors() == before);
	close(p.stream_fd);
	packer_clear(&p);
	snapshot_clear(&s);
}

static void
with_archive(void)
{
	struct pacs_error err = PACS_ERROR_INIT;
	const struct pacs_settings settings = {.floor_bytes = 1};
	struct pacs_archive *ar = NULL;

	TEST("an archive in a folder of its own");
	CHECK(test_folder_make());
	CHECK(!pacs_archive_create(&err, test_folder, &settings));
	CHECK(!pacs_archive_open(&err, test_folder, PACS_ARCHIVE_WRITE, &ar));
	if (ar)
		big_stopped(ar);
	pacs_archive_close(ar);
	CHECK(test_folder_remove());
}

int
main(void)
{
	with_archive();
	round_trip();
	names();
	groups();
	snapshots();
	return test_done();
}
