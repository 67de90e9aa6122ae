/*
 * Messages as peers send them: PDUs, the values in them, the command set. The
 * first byte says how many bytes come at a time, and how much of a data set is
 * taken. However they are cut on their way, the same message comes in, or the
 * same is wrong with it.
 */
#include <stdlib.h>
#include <string.h>

#include "dcmtk/assoc.h"
#include "dcmtk/dimse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pacs_net_link {
	const uint8_t *bytes;
	size_t left, step;
};

struct outcome {
	enum pacs_err code;
	enum pacs_end end;
	struct pacs_command command;
	uint8_t context;
	struct pacs_buf data;
	size_t left; /* of what came */
};

static void
must(int ok)
{
	if (!ok)
		abort();
}

static enum pacs_err
some_bytes(struct pacs_error *err, struct pacs_net_link *l, void *buf,
	   size_t size, unsigned ms, size_t *ret_n)
{
	size_t n = l->step < size ? l->step : size;

	(void)ms;
	n = n < l->left ? n : l->left;
	must(size > 0);
	if (!n)
		return pacs_error_set(err, PACS_ENETWORK, "closed");
	memcpy(buf, l->bytes, n);
	l->bytes += n;
	l->left -= n;
	*ret_n = n;
	return PACS_OK;
}

static enum pacs_end
lost(const struct pacs_net_link *l)
{
	(void)l;
	return PACS_END_LOST;
}

static void
receive(const uint8_t *data, size_t size, size_t step, size_t max,
	struct outcome *ret)
{
	static const struct pacs_net_bridge net = {.receive = some_bytes,
						   .how = lost};
	struct pacs_net_link link = {data, size, step};
	struct pacs_assoc a = {.net = &net, .link = &link};
	struct pacs_error err = PACS_ERROR_INIT;

	a.buf = pacs_malloc(PACS_PDU_ROOM + PDU_HEAD);
	*ret = (struct outcome){.code = PACS_OK};
	ret->code = pacs_dimse_receive(&err, &a, &ret->command, &ret->context,
				       &ret->data, max, 60000);
	must(ret->code == err.code && (!ret->code || *err.msg));
	must(ret->data.len <= max);
	ret->end = a.end;
	ret->left = link.left + a.len - a.at;
	free(a.buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome one, two;
	size_t max;

	if (!size)
		return 0;
	max = data[0] & 0x80 ? 32 : 1 << 20;
	receive(data + 1, size - 1, size, max, &one);
	receive(data + 1, size - 1, 1 + (data[0] & 0x7f), max, &two);
	must(one.code == two.code && one.end == two.end &&
	     one.context == two.context && one.data.len == two.data.len);
	if (!one.code)
		must(one.command.field == two.command.field &&
		     one.left == two.left);
	must(!one.data.len ||
	     !memcmp(one.data.data, two.data.data, one.data.len));
	pacs_buf_clear(&one.data);
	pacs_buf_clear(&two.data);
	return 0;
}
