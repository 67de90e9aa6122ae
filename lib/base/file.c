#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum pacs_err
pacs_file_open(struct pacs_error *err, int dirfd, const char *path, int *ret_fd,
	       uint64_t *ret_size)
{
	struct stat st;
	int fd;

	*ret_fd = -1;
	/* O_NONBLOCK: opening a FIFO must not wait for its other end. */
	do
		fd = openat(dirfd, path,
			    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return pacs_error_sys(err, errno, "cannot open '%s'", path);
	if (fstat(fd, &st) != 0) {
		pacs_error_sys(err, errno, "cannot open '%s'", path);
		close(fd);
		return err->code;
	}
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return pacs_error_set(err, PACS_EFORMAT,
				      "'%s' is not a regular file", path);
	}
	*ret_fd = fd;
	if (ret_size)
		*ret_size = (uint64_t)st.st_size;
	return PACS_OK;
}

/* NULL for offset: from where the file stands. */
static enum pacs_err
read_up_to(struct pacs_error *err, int fd, char *buf, size_t size,
	   const uint64_t *offset, size_t *ret_read)
{
	size_t done = 0;

	while (done < size) {
		char *to = buf + done;
		ssize_t n =
		    offset ? pread(fd, to, size - done, (off_t)(*offset + done))
			   : read(fd, to, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return pacs_error_sys(err, errno, "cannot read");
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*ret_read = done;
	return PACS_OK;
}

enum pacs_err
pacs_file_pread(struct pacs_error *err, int fd, void *buf, size_t size,
		uint64_t offset, size_t *ret_read)
{
	return read_up_to(err, fd, buf, size, &offset, ret_read);
}

enum pacs_err
pacs_file_read(struct pacs_error *err, int fd, void *buf, size_t size,
	       size_t *ret_read)
{
	return read_up_to(err, fd, buf, size, NULL, ret_read);
}

enum pacs_err
pacs_file_slurp(struct pacs_error *err, int dirfd, const char *path, size_t max,
		struct pacs_buf *out)
{
	uint64_t size = 0;
	size_t got = 0;
	enum pacs_err rc;
	int fd;

	rc = pacs_file_open(err, dirfd, path, &fd, &size);
	if (rc)
		return rc;
	if (size > max) {
		rc = pacs_error_set(err, PACS_ELIMIT,
				    "'%s' has more than %zu bytes", path, max);
		goto out;
	}
	pacs_buf_reserve(out, (size_t)size);
	rc = pacs_file_pread(err, fd, out->data + out->len, (size_t)size, 0,
			     &got);
	if (rc) {
		pacs_error_wrap(err, "'%s'", path);
		goto out;
	}
	out->len += got;
	out->data[out->len] = '\0';
out:
	close(fd);
	return rc;
}
