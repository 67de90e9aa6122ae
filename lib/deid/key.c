/* The secret of a project: a text file of two lines. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fs.h"
#include "deid/internal.h"

#define HEAD     "pacs-anon-key 1\n"
#define FILE_MAX 200u

enum pacs_err
pacs_deid_key_make(struct pacs_error *err, const char *path)
{
	uint8_t key[PACS_DEID_KEY_SIZE];
	char text[sizeof(HEAD) + 2 * sizeof(key) + 2] = HEAD;
	size_t n = strlen(HEAD);
	enum pacs_err code = pacs_random_bytes(err, key, sizeof(key));

	if (code)
		return code;
	pacs_hex(key, sizeof(key), text + n);
	n += 2 * sizeof(key);
	text[n++] = '\n';
	code = pacs_fs_write_file(err, AT_FDCWD, path, 0600, text, n, false);
	if (code == PACS_EEXISTS) {
		pacs_error_clear(err);
		code = pacs_error_set(err, PACS_EEXISTS,
				      "'%s' is there already: a key is never "
				      "written over",
				      path);
	}
	pacs_forget(key, sizeof(key));
	pacs_forget(text, sizeof(text));
	return code;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
parse(const char *s, size_t n, uint8_t *ret)
{
	size_t head = strlen(HEAD), i;

	if (n < head + 2 * PACS_DEID_KEY_SIZE || memcmp(s, HEAD, head) != 0)
		return false;
	s += head;
	for (i = 0; i < PACS_DEID_KEY_SIZE; i++) {
		int hi = digit(s[2 * i]), lo = digit(s[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		ret[i] = (uint8_t)(hi << 4 | lo);
	}
	n -= head + 2 * PACS_DEID_KEY_SIZE;
	return n == 0 || (n == 1 && s[2 * PACS_DEID_KEY_SIZE] == '\n');
}

enum pacs_err
pacs_deid_key_read(struct pacs_error *err, const char *path,
		   uint8_t ret[PACS_DEID_KEY_SIZE])
{
	char text[FILE_MAX];
	enum pacs_err code;
	struct stat st;
	uint64_t size;
	size_t n = 0;
	int fd;

	code = pacs_file_open(err, AT_FDCWD, path, &fd, &size);
	if (code) {
		pacs_error_wrap(err, "key");
		return code;
	}
	if (fstat(fd, &st))
		code = pacs_error_sys(err, errno, "key '%s'", path);
	else if (st.st_mode & 077)
		code = pacs_error_set(err, PACS_EDENIED,
				      "key '%s' can be read by others: "
				      "chmod 600 it",
				      path);
	else if (!pacs_file_pread(err, fd, text, sizeof(text), 0, &n) &&
		 !parse(text, n, ret))
		code = pacs_error_set(err, PACS_EFORMAT,
				      "'%s' is not a key of pacs-anon", path);
	else
		code = err->code;
	close(fd);
	pacs_forget(text, sizeof(text));
	return code;
}
