/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epagent doctor: what the agent needs, step by step, each with its sentence. First what can be seen from outside, for most of what
 * goes wrong is that core does not run; then what core says of itself.
 */
#include "agent/cli/ask.h"
#include "agent/cli/show.h"
#include "agent/cli/words.h"

#include "base/text.h"
#include "platform/installed.h"
#include "platform/os.h"
#include "platform/run.h"
#include "policy/signed.h"

#include <string.h>

#define ANSWER_TIMEOUT_MS 10000
#define INDENT            6

struct visit {
	const struct options *options;
	json_t *checks;
	bool fine;
};

/* Takes `params`. */
static void note(struct visit *visit, const char *step, bool fine, const char *code, json_t *params)
{
	json_t *check =
		json_pack("{s:s, s:b, s:s, s:o}", "check", step, "ok", (int)fine, "code", code, "params", params ? params : json_object());

	(void)json_array_append_new(visit->checks, check);
	visit->fine = visit->fine && fine;
}

static void look_at_programs(struct visit *visit)
{
	static const char *const names[] = {"epagentd", "epagent-probe"};
	char path[RUN_PATH_MAX];
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		bool fine = run_find(path, names[i], &err);
		note(visit, "program", fine, fine ? "doctor.program_found" : "doctor.program_missing",
		     json_pack("{s:s, s:s}", "name", names[i], "path", fine ? path : ""));
	}
}

static void look_at_services(struct visit *visit)
{
	char word[INSTALLED_WORD_MAX];
	struct err err = {ERR_NONE, ""};

	for (const char *const *name = installed_services; *name; name++) {
		bool fine = installed_service(*name, word, &err);
		if (!fine && err.kind == ERR_UNSUPPORTED) {
			note(visit, "service", true, "doctor.no_service_manager", NULL);
			return;
		}
		note(visit, "service", fine, fine ? "doctor.service_active" : "doctor.service_inactive",
		     json_pack("{s:s, s:s}", "name", *name, "word", *word ? word : "?"));
	}
}

static void look_at_users(struct visit *visit)
{
	struct err err;

	for (const char *const *name = installed_users; *name; name++) {
		bool fine = installed_user(*name, &err);
		note(visit, "user", fine, fine ? "doctor.user_found" : "doctor.user_missing", json_pack("{s:s}", "name", *name));
	}
}

/* A clock before the build is certainly wrong; how far it is off otherwise only a server could tell. */
static void look_at_clock(struct visit *visit)
{
	char now[TEXT_INSTANT_SIZE];
	bool fine = os_now_utc() >= DOCUMENT_BUILT_AT;

	text_from_instant(now, os_now_utc());
	note(visit, "clock", fine, fine ? "doctor.clock_possible" : "doctor.clock_behind", json_pack("{s:s}", "now", now));
}

static void ask_core_itself(struct visit *visit)
{
	struct err err = {ERR_NONE, ""};
	char path[OS_PATH_MAX];
	const json_t *check;
	size_t i;

	os_socket_path(path, visit->options->run_dir, "user");
	AUTO(json_drop) json_t *answer = message_ask(visit->options->run_dir, MESSAGE_doctor, NULL, ANSWER_TIMEOUT_MS, &err);
	const char *code = answer                   ? "doctor.socket_answers"
	                   : err.kind == ERR_ABSENT ? "doctor.socket_absent"
	                   : err.kind == ERR_DENIED ? "doctor.socket_denied"
	                                            : "doctor.socket_silent";
	note(visit, "socket", answer != NULL, code, json_pack("{s:s, s:s}", "path", path, "text", err.text));
	json_array_foreach (json_object_get(answer, "checks"), i, check)
		if (json_is_object(check)) {
			visit->fine = visit->fine && json_flag(check, "ok", false);
			(void)json_array_append(visit->checks, (json_t *)(uintptr_t)check);
		}
}

static void show_check(struct words *words, const struct show_style *style, const json_t *check)
{
	bool fine = json_flag(check, "ok", false);
	const char *code = json_text(check, "code");
	AUTO(params_fini) struct params params;

	params_init(&params, json_object_get(check, "params"));
	buf_add(words->out, "  ");
	if (style->colour)
		buf_printf(words->out, "\033[%sm", fine ? "32" : "1;31");
	words_add(words, "%s", fine ? "ok" : "!!");
	(void)words_flush(words, INDENT - 4);
	if (style->colour)
		buf_add(words->out, "\033[0m");
	buf_add(words->out, "  ");
	words_message(words, code ? code : "?", params.items, params.count);
	words_line(words, INDENT);
}

static bool show(const struct visit *visit, struct err *err)
{
	AUTO(buf_fini) struct buf text;
	struct show_style style = show_style_of(visit->options);
	struct words words = {.out = &text, .language = style.language, .columns = style.columns};
	const json_t *check;
	size_t i;

	buf_init(&text, 4u << 20);
	words_init(&words);
	words_message(&words, visit->fine ? "doctor.all_fine" : "doctor.something_wrong", NULL, 0);
	words_line(&words, 0);
	json_array_foreach (visit->checks, i, check)
		show_check(&words, &style, check);
	words_fini(&words);
	return cli_print(&text, err);
}

int doctor_run(const struct options *options, struct err *err)
{
	AUTO(json_drop) json_t *report = json_pack("{s:i, s:[]}", "schema", 1, "checks");
	struct visit visit = {.options = options, .checks = json_object_get(report, "checks"), .fine = true};

	look_at_programs(&visit);
	if (!options->run_dir) { /* what is started by hand has neither services nor an account */
		look_at_services(&visit);
		look_at_users(&visit);
	}
	look_at_clock(&visit);
	ask_core_itself(&visit);
	bool shown = options->json ? show_json(report, err) : show(&visit, err);
	return !shown ? CLI_ERROR : visit.fine ? CLI_FINE : CLI_FAIL;
}
