#include "dcmtk/load.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BRIDGE_NAME "pacs-dcmtk.so"
#define NET_NAME    "pacs-dcmtk-net.so"

/* Folder of the running program, with its slash. False: nobody knows. */
static bool
program_dir(char buf[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", buf, PATH_MAX - 1);
	char *slash;

	if (n <= 0)
		return false;
	buf[n] = '\0';
	slash = strrchr(buf, '/');
	if (!slash)
		return false;
	slash[1] = '\0';
	return true;
}

/*
 * glibc keeps what is loaded by its name, so asking again finds it: no state
 * of ours is needed, and no lock. It is never unloaded, since DCMTK's own
 * globals would not survive that.
 */
static void *
open_at(struct pacs_error *err, const char *dir, const char *rest,
	const char *name)
{
	char path[2 * PATH_MAX + 32];
	void *handle;

	snprintf(path, sizeof(path), "%s%s%s", dir, rest, name);
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	/* What is there and does not load is worth a word; the first wins. */
	if (!handle && access(path, F_OK) == 0)
		pacs_error_set(err, PACS_EUNSUPPORTED, "cannot load %s",
			       dlerror());
	return handle;
}

static void *
open_plugin(struct pacs_error *err, const char *name, const char *what)
{
	/* Built, a unit test, installed under any prefix. */
	static const char *const rests[] = {"", "../bin/",
					    "../lib/pacs-tools/"};
	char dir[PATH_MAX];
	void *handle = NULL;

	if (program_dir(dir)) {
		for (size_t i = 0; i < 3 && !handle; i++)
			handle = open_at(err, dir, rests[i], name);
	}
	if (!handle)
		handle = open_at(err, PACS_LIBEXECDIR, "/", name);
	if (!handle)
		pacs_error_set(err, PACS_ENOTFOUND, "%s (%s) are not installed",
			       what, name);
	return handle;
}

enum pacs_err
pacs_dcm_load(struct pacs_error *err, struct pacs_dcm_bridge *ret)
{
	pacs_dcm_bridge_version_fn *version;
	struct pacs_error why = PACS_ERROR_INIT;
	void *handle = open_plugin(&why, BRIDGE_NAME, "the codecs");

	if (!handle)
		return pacs_error_set(err, why.code, "%s", why.msg);
	version = (pacs_dcm_bridge_version_fn *)dlsym(
	    handle, "pacs_dcm_bridge_version");
	ret->decode = (pacs_dcm_bridge_decode_fn *)dlsym(
	    handle, "pacs_dcm_bridge_decode");
	ret->encode = (pacs_dcm_bridge_encode_fn *)dlsym(
	    handle, "pacs_dcm_bridge_encode");
	if (!version || version() != PACS_DCM_BRIDGE_VERSION || !ret->decode ||
	    !ret->encode)
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      BRIDGE_NAME
				      " is of another version of pacs-tools");
	return PACS_OK;
}

enum pacs_err
pacs_dcm_net_load(struct pacs_error *err, const struct pacs_net_bridge **ret)
{
	struct pacs_error why = PACS_ERROR_INIT;
	void *handle = open_plugin(&why, NET_NAME, "the network's parts");
	pacs_net_bridge_fn *bridge;

	if (!handle)
		return pacs_error_set(err, why.code, "%s", why.msg);
	bridge = (pacs_net_bridge_fn *)dlsym(handle, "pacs_dcm_net_bridge");
	*ret = bridge ? bridge() : NULL;
	if (!*ret || (*ret)->version != PACS_DCM_NET_VERSION)
		return pacs_error_set(err, PACS_EUNSUPPORTED,
				      NET_NAME
				      " is of another version of pacs-tools");
	return PACS_OK;
}
