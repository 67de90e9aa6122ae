/*
 * Address books, windows and written peers. The first byte says which; what is
 * accepted must be what the pages say.
 */
#include <stdlib.h>
#include <string.h>

#include "peer/book.h"
#include "peer/window.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool so)
{
	if (!so)
		abort();
}

static void
check(const struct pacs_peer *p)
{
	must(pacs_aet_is_valid(p->title, strlen(p->title)));
	must(*p->host && strlen(p->host) <= PACS_HOST_MAX);
	must(p->port >= 1 && p->port <= 65535);
	must(p->connect_ms && p->negotiate_ms && p->answer_ms && p->idle_ms);
	must(p->rule_count <= 32);
}

static void
book(const char *text, size_t len)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_peer p;
	enum pacs_err rc;

	pacs_peer_init(&p);
	rc = pacs_book_find(&err, text, len, "a", &p);
	must(rc == err.code);
	must(!rc || rc == PACS_ENOTFOUND || rc == PACS_EUSAGE);
	if (!rc)
		check(&p);
	pacs_peer_clear(&p);
}

static void
written(const char *text)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_peer p;

	pacs_peer_init(&p);
	if (!pacs_peer_parse(&err, text, &p))
		check(&p);
	else
		must(err.code == PACS_EUSAGE);
	pacs_peer_clear(&p);
}

static void
window(const char *text)
{
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_window w;
	struct tm tm = {.tm_hour = 12};
	unsigned i;

	if (pacs_window_parse(&err, text, &w))
		return;
	must(w.count >= 1 && w.count <= PACS_WINDOW_SPANS);
	for (i = 0; i < w.count; i++)
		must(w.spans[i].days && w.spans[i].from < 1440 &&
		     w.spans[i].to <= 1440);
	for (tm.tm_wday = 0; tm.tm_wday < 7; tm.tm_wday++)
		(void)pacs_window_is_open(&w, &tm);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = pacs_strndup((const char *)data + 1, size - 1);
	switch (data[0] % 3) {
	case 0:
		book((const char *)data + 1, size - 1);
		break;
	case 1:
		window(text);
		break;
	default:
		written(text);
		break;
	}
	free(text);
	return 0;
}
