/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epagent-probe: looks, and says what it found. It contains every probe, judges nothing and changes nothing.
 *   epagent-probe [--root DIR] [--at RFC3339] [CONTROL ...]     facts as JSON on standard output, all controls if none is named
 *   epagent-probe --serve                                       answers core's requests on the socket it was started with
 */
#include "agent/probe/serve.h"
#include "base/json.h"
#include "base/text.h"
#include "platform/control.h"
#include "platform/os.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct request {
	const char *root;
	int64_t at_utc;
	bool wanted[CONTROL_COUNT];
	bool any_wanted;
};

static bool read_arguments(struct request *request, int argc, char **argv, struct err *err)
{
	*request = (struct request){.at_utc = (int64_t)time(NULL)};
	for (int i = 1; i < argc; i++) {
		bool has_value = i + 1 < argc;
		enum control_id id = catalogue_find(argv[i]);
		if (strcmp(argv[i], "--root") == 0 && has_value) {
			request->root = argv[++i];
		} else if (strcmp(argv[i], "--at") == 0 && has_value) {
			if (!text_to_instant(argv[++i], &request->at_utc))
				return err_set(err, ERR_INVALID, "--at wants a time such as 2026-11-22T00:20:00Z, not %s", argv[i]);
		} else if (id != CONTROL_COUNT) {
			request->wanted[id] = request->any_wanted = true;
		} else {
			return err_set(err, ERR_INVALID, "%s is neither an option nor a control", argv[i]);
		}
	}
	return true;
}

/* A disk that is not mounted has no antivirus either: that is no finding. */
static bool is_machine(const struct host *host)
{
	static const char *const folders[] = {"/etc", "/usr", "/proc", "/sys", "/var", "/opt", "/run", "/snap", "/home", "/boot", "/bin"};
	struct file_info info;
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (host_info(host, folders[i], &info, &err) || err.kind != ERR_ABSENT)
			return true;
	return false;
}

static bool answer(const struct request *request, struct err *err)
{
	AUTO(host_drop) struct host *host = host_new(request->root, NULL, request->at_utc, err);
	AUTO(facts_fini) struct facts facts;

	facts_init(&facts);
	if (!host)
		return false;
	if (request->root && !is_machine(host))
		return err_set(err, ERR_ABSENT, "there is no machine here (is its disk mounted?): %.200s", request->root);
	for (int id = 0; id < CONTROL_COUNT; id++)
		if (request->any_wanted ? request->wanted[id] : catalogue[id].written)
			control_probe((enum control_id)id, host, &facts);
	if (facts.overflow)
		return err_set(err, ERR_LIMIT, "this machine has more to tell than fits an answer");
	AUTO(json_drop) json_t *json = facts_encode(&facts);
	if (json_is_short())
		return err_set(err, ERR_LIMIT, "out of memory");
	if (json_dumpf(json, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF || fflush(stdout) != 0)
		return err_set(err, ERR_IO, "cannot write to standard output");
	return true;
}

int main(int argc, char **argv)
{
	struct request request;
	struct err err = {ERR_NONE, ""};

	if (argc == 2 && strcmp(argv[1], "--serve") == 0) {
		os_environment_clean();
		if (probe_serve(&err))
			return 0;
	}
	if (err.kind == ERR_NONE && read_arguments(&request, argc, argv, &err) && answer(&request, &err))
		return 0;
	(void)fprintf(stderr, "epagent-probe: %s\n", err.text);
	return 3;
}
