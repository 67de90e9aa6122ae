/*
 * Bytes by offset. A source is memory, a file that is read through windows, or
 * a deflate stream. Windows stay until the data set is freed, since values
 * point into them.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dicom/internal.h"

#define STEP_LEAST (4u << 10)
#define STEP_FIRST (16u << 10)
#define STEP_MAX   (1u << 20)

void
pacs_source_memory(struct pacs_source *s, struct pacs_dataset *ds,
		   const void *bytes, uint64_t size)
{
	memset(s, 0, sizeof(*s));
	s->bytes = bytes;
	s->stop = s->end = size;
	s->whole = true;
	s->fd = -1;
	s->ds = ds;
}

void
pacs_source_fd(struct pacs_source *s, struct pacs_dataset *ds, int fd,
	       uint64_t size)
{
	memset(s, 0, sizeof(*s));
	s->end = size;
	s->fd = fd;
	s->ds = ds;
	s->step = STEP_FIRST;
}

static size_t
read_at(struct pacs_source *s, uint64_t pos, uint8_t *dst, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r =
		    pread(s->fd, dst + got, n - got, (off_t)(pos + got));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			s->sys_errno = errno;
		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return got;
}

/* Inflated bytes come in order only: go on to pos. */
static bool
inflate_to(struct pacs_source *s, uint64_t pos)
{
	while (s->stop < pos) {
		uint64_t want = pos - s->stop;
		size_t n = want > STEP_MAX ? STEP_MAX : (size_t)want;
		size_t got = pacs_inflater_read(s, NULL, n);

		s->stop += got;
		s->start = s->stop; /* the window is empty now */
		if (got < n) {
			s->end = s->stop;
			return false;
		}
	}
	return true;
}

/* More at a time while reading goes on and on, little after a jump. */
static void
set_step(struct pacs_source *s, uint64_t pos)
{
	if (s->held > PACS_HOLD_MUCH)
		s->step = STEP_LEAST;
	else if (s->held == 0 || pos > s->stop)
		s->step = STEP_FIRST;
	else if (s->step < STEP_MAX)
		s->step *= 4;
}

const uint8_t *
pacs_source_fill(struct pacs_source *s, uint64_t pos, size_t n)
{
	size_t keep = 0, size, got;
	uint8_t *window;

	if (s->whole || s->sys_errno || pos > s->end || n > s->end - pos)
		return NULL;
	set_step(s, pos);
	if (s->inflater && !inflate_to(s, pos))
		return NULL;
	if (s->held > PACS_HOLD_MAX && n > 0) {
		s->too_big = true;
		return NULL;
	}
	size = n > s->step ? n : s->step;
	if (size > s->end - pos)
		size = (size_t)(s->end - pos);
	if (pos >= s->start && pos < s->stop)
		keep = (size_t)(s->stop - pos);
	window = pacs_dataset_chunk(s->ds, size);
	if (keep)
		memcpy(window, s->bytes + (pos - s->start), keep);
	got = s->inflater ? pacs_inflater_read(s, window + keep, size - keep)
			  : read_at(s, pos + keep, window + keep, size - keep);
	s->bytes = window;
	s->start = pos;
	s->stop = pos + keep + got;
	s->held += size;
	if (keep + got < size)
		s->end = s->stop;
	return keep + got < n ? NULL : window;
}

bool
pacs_source_reaches(struct pacs_source *s, uint64_t end)
{
	if (end <= s->stop)
		return true;
	if (s->end != UINT64_MAX)
		return end <= s->end;
	return inflate_to(s, end);
}
