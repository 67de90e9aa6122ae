/*
 * Writing a file of a repository: counted, hashed as it is there, durable under
 * its name. Encryption is age's: it writes to the file itself.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/stream.h"
#include "base/fs.h"

#define FLUSH_BYTES (16u << 20)

static enum pacs_err
start_age(struct pacs_error *err, const struct names *recipients,
	  struct push *p)
{
	const char **argv =
	    pacs_calloc(2 * recipients->count + 3, sizeof(*argv));
	size_t i, n = 0;
	enum pacs_err rc;
	int ends[2];

	argv[n++] = "age";
	argv[n++] = "-e";
	for (i = 0; i < recipients->count; i++) {
		argv[n++] = "-r";
		argv[n++] = recipients->list[i];
	}
	rc = pacs_child_pipe(err, ends);
	if (!rc) {
		rc = pacs_child_start(err, argv, ends[0], p->fd, &p->age);
		close(ends[0]);
		p->in = ends[1];
	}
	free(argv);
	return rc;
}

enum pacs_err
push_open(struct pacs_error *err, struct pacs_repo *r, struct push *p)
{
	enum pacs_err rc;

	memset(p, 0, sizeof(*p));
	p->repo = r;
	p->fd = p->in = -1;
	p->digest = pacs_digest_new();
	rc = depot_stage(err, &r->depot, p->staged, &p->fd);
	if (rc)
		*p->staged = '\0';
	p->in = p->fd;
	if (!rc && repo_encrypted(r))
		rc = start_age(err, &r->recipients, p);
	if (rc)
		push_close(p);
	return rc;
}

enum pacs_err
push_stream(struct pacs_error *err, int fd, const struct names *recipients,
	    struct push *p)
{
	enum pacs_err rc = PACS_OK;

	memset(p, 0, sizeof(*p));
	p->fd = p->in = fd;
	p->digest = pacs_digest_new();
	if (recipients->count)
		rc = start_age(err, recipients, p);
	if (rc)
		push_close(p);
	return rc;
}

enum pacs_err
push_write(struct pacs_error *err, struct push *p, const void *bytes,
	   size_t size)
{
	struct pacs_error child = PACS_ERROR_INIT;
	enum pacs_err rc = pacs_fs_write(err, p->in, bytes, size);

	/* If age died, its own words say more than "broken pipe". What would
	 * follow must not go to the file past it. */
	if (rc && p->age.pid) {
		close(p->in);
		p->in = -1;
		if (pacs_child_wait(&child, &p->age))
			*err = child;
	}
	if (!p->age.pid)
		pacs_digest_add(p->digest, bytes, size);
	p->plain += size;
	/* So that the barrier at the end has little to wait for. */
	if (p->repo && p->plain - p->flushed >= FLUSH_BYTES) {
		pacs_fs_start_flush(p->fd);
		p->flushed = p->plain;
	}
	return rc;
}

static enum pacs_err
end_age(struct pacs_error *err, struct push *p)
{
	if (p->in == p->fd)
		return PACS_OK;
	if (p->in < 0)
		return pacs_error_set(err, PACS_EIO, "age ended early");
	close(p->in);
	p->in = p->fd;
	return pacs_child_wait(err, &p->age);
}

enum pacs_err
push_place(struct pacs_error *err, struct push *p, const char *name,
	   struct pacs_backup_file *ret)
{
	bool sealed = p->in != p->fd;
	enum pacs_err rc = end_age(err, p);

	if (!name)
		return rc;
	memset(ret, 0, sizeof(*ret));
	snprintf(ret->name, sizeof(ret->name), "%s%s", name,
		 sealed ? ".age" : "");
	if (!rc && sealed)
		rc = pacs_sha256_fd(err, p->fd, ret->sha256, &ret->size);
	if (!sealed) {
		pacs_digest_end_hex(p->digest, ret->sha256);
		ret->size = p->plain;
	}
	if (!rc)
		rc = depot_place(err, &p->repo->depot, p->staged, p->fd,
				 ret->name);
	if (!rc)
		*p->staged = '\0';
	return rc;
}

void
push_close(struct push *p)
{
	if (p->in >= 0 && p->in != p->fd)
		close(p->in);
	pacs_child_stop(&p->age);
	if (p->repo && *p->staged)
		depot_drop(&p->repo->depot, p->staged);
	if (p->repo && p->fd >= 0)
		close(p->fd);
	pacs_digest_free(p->digest);
	memset(p, 0, sizeof(*p));
	p->fd = p->in = -1;
}
