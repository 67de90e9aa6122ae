/*
 * replay PORT FILE...: what a receiver alone takes. Builds the messages that
 * pacs-send would send of these files (one class, one syntax), the first 2 MiB
 * of them, then sends these over and over, as many as there are files, over one
 * plain socket, each in one call, and waits for each answer. Prints the seconds
 * from the first message to the last answer and the CPU seconds of that: no
 * sender that waits for answers is faster.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "dcmtk/dimse.h"
#include "peer/object.h"

enum {
	CONTEXT = 1,
	WARM = 2 << 20, /* bytes of messages that the processor's cache holds */
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* --- what goes out ----------------------------------------------------- */

static void
add_be(struct pacs_buf *b, uint32_t v, int bytes)
{
	while (bytes--) {
		char c = (char)(v >> 8 * bytes);

		pacs_buf_add(b, &c, 1);
	}
}

static void
add_item(struct pacs_buf *b, uint32_t kind, const void *value, size_t n)
{
	add_be(b, kind, 1);
	add_be(b, 0, 1);
	add_be(b, (uint32_t)n, 2);
	pacs_buf_add(b, value, n);
}

/* A-ASSOCIATE-RQ (PS3.8 9.3.2) with one context. */
static void
make_request(struct pacs_buf *out, const struct pacs_object *o)
{
	struct pacs_buf body = {0}, context = {0}, user = {0};

	add_be(&body, 0x10000, 4);
	pacs_buf_addf(&body, "%-16s%-16s", "ANY", "REPLAY");
	while (body.len < 68)
		add_be(&body, 0, 1);
	add_item(&body, 0x10, "1.2.840.10008.3.1.1.1", 21);
	add_be(&context, CONTEXT << 24, 4);
	add_item(&context, 0x30, o->sop_class, strlen(o->sop_class));
	add_item(&context, 0x40, o->syntax, strlen(o->syntax));
	add_item(&body, 0x20, context.data, context.len);
	add_be(&user, 0x51000004, 4);
	add_be(&user, 131072, 4);
	add_item(&user, 0x52, PACS_IMPLEMENTATION_UID,
		 strlen(PACS_IMPLEMENTATION_UID));
	add_item(&body, 0x50, user.data, user.len);
	add_be(out, 0x0100, 2);
	add_be(out, (uint32_t)body.len, 4);
	pacs_buf_add(out, body.data, body.len);
	pacs_buf_clear(&body);
	pacs_buf_clear(&context);
	pacs_buf_clear(&user);
}

static void
add_pdus(struct pacs_buf *out, bool command, const char *bytes, size_t n,
	 size_t most)
{
	do {
		size_t k = n < most ? n : most;

		n -= k;
		add_be(out, 0x0400, 2);
		add_be(out, (uint32_t)k + 6, 4);
		add_be(out, (uint32_t)k + 2, 4);
		add_be(out, CONTEXT, 1);
		add_be(out, (command ? 1u : 0) | (n ? 0 : 2u), 1);
		pacs_buf_add(out, bytes, k);
		bytes += k;
	} while (n);
}

static void
make_message(struct pacs_buf *out, const struct pacs_object *o,
	     uint16_t message, size_t pdu)
{
	struct pacs_command rq = {
	    .field = PACS_C_STORE_RQ, .message = message, .has_data = true};
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf set = {0}, file = {0};
	size_t most = (pdu - 6) & ~(size_t)1;

	strcpy(rq.sop_class, o->sop_class);
	strcpy(rq.sop_instance, o->instance);
	pacs_command_encode(&rq, &set);
	if (pacs_file_slurp(&err, AT_FDCWD, o->path, 1u << 30, &file))
		die(err.msg);
	add_pdus(out, true, set.data, set.len, most);
	add_pdus(out, false, file.data + o->data_offset, o->data_size, most);
	pacs_buf_clear(&set);
	pacs_buf_clear(&file);
}

/* --- the wire ---------------------------------------------------------- */

static void
put(int fd, const struct pacs_buf *b)
{
	size_t at = 0;

	while (at < b->len) {
		ssize_t n = send(fd, b->data + at, b->len - at, MSG_NOSIGNAL);

		if (n <= 0)
			die("send");
		at += (size_t)n;
	}
}

/* One PDU, whole, into buf; its kind. Answers come one at a time. */
static int
get(int fd, uint8_t *buf, size_t size, size_t *ret_n)
{
	size_t have = 0, want = 6;
	int on = 1;

	while (have < want) {
		ssize_t n;

		if (have)
			setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on,
				   sizeof(on));
		n = recv(fd, buf + have, size - have, 0);
		if (n <= 0)
			die("receive");
		have += (size_t)n;
		if (have >= 6)
			want =
			    6 + ((size_t)buf[2] << 24 | (size_t)buf[3] << 16 |
				 (size_t)buf[4] << 8 | buf[5]);
		if (want > size)
			die("an answer that is too long");
	}
	*ret_n = have;
	return buf[0];
}

/* The longest PDU that an A-ASSOCIATE-AC asks for. */
static size_t
pdu_of(const uint8_t *ac, size_t n)
{
	size_t i;

	for (i = 74; i + 8 <= n; i++)
		if (!memcmp(ac + i, "\x51\0\0\4", 4))
			return (size_t)ac[i + 4] << 24 |
			       (size_t)ac[i + 5] << 16 |
			       (size_t)ac[i + 6] << 8 | ac[i + 7];
	return 16384;
}

static double
now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	struct pacs_object *objects =
	    pacs_calloc((size_t)argc, sizeof(*objects));
	struct pacs_buf *messages =
	    pacs_calloc((size_t)argc, sizeof(*messages));
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, count,
	    i;
	struct pacs_error err = PACS_ERROR_INIT;
	struct pacs_buf request = {0};
	uint8_t buf[65536];
	double wall, cpu;
	const char *why;
	size_t n, pdu, made = 0;

	if (argc < 3)
		die("usage: replay PORT FILE...");
	for (i = 2; i < argc; i++)
		if (pacs_object_look(&err, pacs_strdup(argv[i]), 0, &objects[i],
				     &why))
			die(why);
	to.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	make_request(&request, &objects[2]);
	put(fd, &request);
	if (get(fd, buf, sizeof(buf), &n) != 2)
		die("no association");
	pdu = pdu_of(buf, n);
	for (i = 2; i < argc && made < WARM; made += messages[i++].len)
		make_message(&messages[i], &objects[i], (uint16_t)i, pdu);
	count = i - 2;
	wall = now(CLOCK_MONOTONIC);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	for (i = 2; i < argc; i++) {
		put(fd, &messages[2 + (i - 2) % count]);
		if (get(fd, buf, sizeof(buf), &n) != 4)
			die("no answer");
	}
	printf("%.6f %.6f\n", now(CLOCK_MONOTONIC) - wall,
	       now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	return 0;
}
