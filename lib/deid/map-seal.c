/* A map for somebody's key: text into age(1), which never stands on a disk. */
#include <stdlib.h>
#include <unistd.h>

#include "base/child.h"
#include "deid/map-internal.h"
#include "deid/part.h"

struct seal {
	struct pacs_child age;
	char *path;
	int fd; /* of what becomes path */
};

/* A key that age does not take is found out before anything is written. */
static enum pacs_err
try_key(struct pacs_error *err, const char *recipient)
{
	const char *const argv[] = {"age", "-r", recipient, NULL};
	struct pacs_child age;

	if (!pacs_child_start(err, argv, -1, -1, &age) &&
	    pacs_child_wait(err, &age))
		pacs_error_wrap(err, "--recipient '%.80s'", recipient);
	return err->code;
}

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
	struct seal *s = pacs_calloc(1, sizeof(*s));

	*ret = NULL;
	s->path = pacs_strdup(path);
	s->fd = -1;
	if (try_key(err, recipient) || part_begin(err, path, 0600, &s->fd) ||
	    start(err, s, recipient, ret_fd)) {
		if (err->code == PACS_EEXISTS)
			pacs_error_wrap(err, "nothing can be added to an "
					     "encrypted map");
		(void)!seal_end(&gone, s, false);
		return err->code;
	}
	*ret = s;
	return PACS_OK;
}

enum pacs_err
seal_end(struct pacs_error *err, struct seal *s, bool good)
{
	(void)!pacs_child_wait(err, &s->age);
	if (s->fd >= 0)
		(void)!part_end(err, s->path, s->fd,
				good && err->code == PACS_OK);
	free(s->path);
	free(s);
	return err->code;
}
