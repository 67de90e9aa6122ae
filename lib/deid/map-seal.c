/* A map for somebody's key: text into age(1), which never stands on a disk. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fs.h"
#include "deid/map-internal.h"

struct seal {
	struct pacs_child age;
	char *path, *part;
	int fd; /* of part */
};

static enum pacs_err
start(struct pacs_error *err, struct seal *s, const char *recipient,
      int *ret_fd)
{
	const char *const argv[] = {"age", "-r", recipient, NULL};
	int ends[2];

	if (pacs_child_pipe(err, ends))
		return err->code;
	if (pacs_child_start(err, argv, ends[0], s->fd, &s->age))
		close(ends[1]);
	else
		*ret_fd = ends[1];
	close(ends[0]);
	return err->code;
}

enum pacs_err
seal_begin(struct pacs_error *err, const char *path, const char *recipient,
	   struct seal **ret, int *ret_fd)
{
	struct pacs_error gone = PACS_ERROR_INIT;
	struct seal *s;

	*ret = NULL;
	if (!access(path, F_OK))
		return pacs_error_set(err, PACS_EEXISTS,
				      "'%s' is there, and nothing can be added "
				      "to an encrypted map: name another",
				      path);
	s = pacs_calloc(1, sizeof(*s));
	s->path = pacs_strdup(path);
	s->part = pacs_format("%s.part", path);
	s->fd = -1;
	/* What a run that was killed left has no value. */
	(void)!pacs_fs_unlink(&gone, AT_FDCWD, s->part);
	if (pacs_fs_create(err, AT_FDCWD, s->part, 0600, &s->fd) ||
	    start(err, s, recipient, ret_fd)) {
		(void)!seal_end(&gone, s, false);
		return err->code;
	}
	*ret = s;
	return PACS_OK;
}

enum pacs_err
seal_end(struct pacs_error *err, struct seal *s, bool good)
{
	struct pacs_error gone = PACS_ERROR_INIT;

	if (!pacs_child_wait(err, &s->age) && good &&
	    !pacs_fs_sync(err, s->fd) &&
	    !pacs_fs_link(err, AT_FDCWD, s->part, AT_FDCWD, s->path))
		(void)!pacs_fs_sync_parent(err, AT_FDCWD, s->path);
	if (s->fd >= 0) {
		(void)!pacs_fs_unlink(&gone, AT_FDCWD, s->part);
		close(s->fd);
	}
	free(s->path);
	free(s->part);
	free(s);
	return err->code;
}
