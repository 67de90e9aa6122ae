/* Changes to a disk, locks, and reading back; digests of files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/fs.h"
#include "base/tree.h"
#include "folder.h"
#include "test.h"

static struct pacs_error e;

static void
test_files(int dir)
{
	struct pacs_buf b = {0};
	char sha[PACS_SHA256_HEX];
	uint64_t size, total;
	int fd;

	TEST("a file is made once, written, read back, and hashed");
	CHECK_OK(pacs_fs_create(&e, dir, "f", 0640, &fd));
	CHECK_OK(pacs_fs_write(&e, fd, "abcdef", 6));
	CHECK_OK(pacs_fs_pwrite(&e, fd, "C", 1, 2));
	CHECK_OK(pacs_fs_truncate(&e, fd, 3));
	CHECK_OK(pacs_fs_sync(&e, fd));
	CHECK_OK(pacs_sha256_fd(&e, fd, sha, &size));
	/* printf abC | sha256sum */
	CHECK_STR(sha, "0a2432a1e349d8fdb9bfca91bba9e9f2"
		       "836990fe937193d84deef26c6f3b8f76");
	close(fd);
	CHECK_ERR(pacs_fs_create(&e, dir, "f", 0640, &fd), PACS_EEXISTS);
	CHECK_INT(fd, -1);
	pacs_error_clear(&e);
	CHECK_OK(pacs_file_slurp(&e, dir, "f", 3, &b));
	CHECK_STR(b.data, "abC");
	CHECK_ERR(pacs_file_slurp(&e, dir, "f", 2, &b), PACS_ELIMIT);
	pacs_error_clear(&e);
	pacs_buf_clear(&b);

	TEST("what cannot be written to is named");
	fd = openat(dir, "f", O_RDONLY);
	CHECK_ERR(pacs_fs_write(&e, fd, "x", 1), PACS_EIO);
	CHECK(strstr(e.msg, "cannot write '/"));
	CHECK(strstr(e.msg, "/f': Bad file descriptor"));
	pacs_error_clear(&e);
	close(fd);

	TEST("reserving space does not change the size");
	CHECK_OK(pacs_fs_open_rw(&e, dir, "f", 0640, &fd));
	CHECK_OK(pacs_fs_reserve(&e, fd, 3, 1 << 20));
	CHECK_INT(lseek(fd, 0, SEEK_END), 3);
	close(fd);
	fd = open(".", O_RDONLY);
	CHECK_OK(pacs_fs_space(&e, fd, &size, &total));
	CHECK(size > 0 && size <= total);
	close(fd);
}

static void
test_names(int dir)
{
	struct pacs_buf b = {0};
	char target[32] = "";
	int fd;

	TEST("links and moves are never over something, a rename is");
	CHECK_OK(pacs_fs_link(&e, dir, "f", dir, "g"));
	CHECK_ERR(pacs_fs_link(&e, dir, "f", dir, "g"), PACS_EEXISTS);
	pacs_error_clear(&e);
	CHECK_ERR(pacs_fs_move(&e, dir, "g", dir, "f"), PACS_EEXISTS);
	pacs_error_clear(&e);
	CHECK_OK(pacs_fs_move(&e, dir, "g", dir, "i"));
	CHECK_OK(pacs_fs_rename(&e, dir, "i", dir, "h"));
	CHECK_OK(pacs_fs_unlink(&e, dir, "h"));
	CHECK_ERR(pacs_fs_unlink(&e, dir, "h"), PACS_ENOTFOUND);
	pacs_error_clear(&e);

	TEST("folders are made with their parents");
	CHECK_OK(pacs_fs_mkdirs(&e, dir, "a/b/c", 0750));
	CHECK_OK(pacs_fs_mkdirs(&e, dir, "a/b/c", 0750));
	CHECK_ERR(pacs_fs_mkdir(&e, dir, "a/b", 0750), PACS_EEXISTS);
	pacs_error_clear(&e);
	CHECK_ERR(pacs_fs_mkdirs(&e, dir, "f/x", 0750), PACS_ENOTFOUND);
	pacs_error_clear(&e);
	CHECK_OK(pacs_fs_rmdir(&e, dir, "a/b/c"));

	TEST("a small file is written whole, with and without replacing");
	CHECK_OK(pacs_fs_write_file(&e, dir, "a/t", 0640, "one", 3, false));
	CHECK_ERR(pacs_fs_write_file(&e, dir, "a/t", 0640, "two", 3, false),
		  PACS_EEXISTS);
	pacs_error_clear(&e);
	CHECK_OK(pacs_fs_write_file(&e, dir, "a/t", 0640, "two", 3, true));
	CHECK_OK(pacs_file_slurp(&e, dir, "a/t", 10, &b));
	CHECK_STR(b.data, "two");
	pacs_buf_clear(&b);
	CHECK_OK(pacs_fs_unlink(&e, dir, "a/t"));
	CHECK_OK(pacs_fs_rmdir(&e, dir, "a/b"));
	CHECK_OK(pacs_fs_rmdir(&e, dir, "a")); /* no leftovers */

	TEST("a symbolic link is swapped");
	CHECK_OK(pacs_fs_symlink_swap(&e, dir, "x", "s"));
	CHECK_OK(pacs_fs_symlink_swap(&e, dir, "y", "s"));
	CHECK_INT(readlinkat(dir, "s", target, sizeof(target)), 1);
	CHECK_STR(target, "y");

	TEST("a FIFO is refused at once, not waited for");
	CHECK_INT(mkfifoat(dir, "fifo", 0600), 0);
	CHECK_ERR(pacs_file_open(&e, dir, "fifo", &fd, NULL), PACS_EFORMAT);
	pacs_error_clear(&e);
}

static void
test_locks(int dir)
{
	int a, b;

	TEST("a lock excludes another descriptor until it is closed");
	CHECK_OK(pacs_fs_open_rw(&e, dir, "f", 0640, &a));
	CHECK_OK(pacs_fs_open_rw(&e, dir, "f", 0640, &b));
	CHECK_OK(pacs_fs_lock(&e, a, true, 0));
	CHECK_ERR(pacs_fs_lock(&e, b, true, 20), PACS_EBUSY);
	pacs_error_clear(&e);
	CHECK_ERR(pacs_fs_lock(&e, b, false, 0), PACS_EBUSY);
	pacs_error_clear(&e);
	pacs_fs_unlock(a);
	CHECK_OK(pacs_fs_lock(&e, b, false, 0));
	CHECK_OK(pacs_fs_lock(&e, a, false, 0));
	close(a);
	CHECK_OK(pacs_fs_lock(&e, b, true, 0));
	close(b);
}

static void
test_trees(int dir)
{
	char path[300];
	int fd;

	TEST("a folder goes with all that is in it; what cannot be is told");
	CHECK_OK(pacs_fs_mkdirs(&e, dir, "tree/a/b", 0750));
	CHECK_OK(pacs_fs_create(&e, dir, "tree/a/f", 0640, &fd));
	close(fd);
	snprintf(path, sizeof(path), "%s/tree", test_folder);
	CHECK_OK(pacs_tree_remove(&e, path));
	CHECK(faccessat(dir, "tree", F_OK, 0) != 0);
	CHECK_OK(pacs_tree_remove(&e, path));
	CHECK_OK(pacs_fs_create(&e, dir, "tree", 0640, &fd));
	close(fd);
	snprintf(path, sizeof(path), "%s/tree/x", test_folder);
	CHECK_ERR(pacs_tree_remove(&e, path), PACS_ENOTFOUND);
	pacs_error_clear(&e);
}

int
main(void)
{
	int dir;

	if (!test_folder_make())
		return 1;
	dir = open(test_folder, O_RDONLY | O_DIRECTORY);
	test_files(dir);
	test_names(dir);
	test_locks(dir);
	test_trees(dir);
	close(dir);
	CHECK(test_folder_remove());
	return test_done();
}
