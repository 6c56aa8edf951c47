/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is each product running with real-time protection on? ClamAV protects in real time only while three things hold: clamd answers,
 * clamonacc runs as root beside it, and clamd.conf gives it folders (OnAccessIncludePath) and lets it refuse (OnAccessPrevention).
 * OnAccessMountPath wins over folders and turns prevention off (clamonacc: "feature not available when watching mounts").
 */
#include "platform/control.h"
#include "platform/linux/antivirus.h"
#include "platform/linux/clamav.h"
#include "platform/linux/read/proc_status.h"

#include <string.h>

static void off(struct facts *out, struct fact *fact, const char *reason)
{
	fact_known(fact, value_switch(false));
	fact->fixed = true;
	fact_reason(out, fact, reason);
}

static void on(struct fact *fact)
{
	fact_known(fact, value_switch(true));
	fact->fixed = true;
}

static void show_process(struct facts *out, struct fact *fact, const char *name, const struct process *process)
{
	fact_show_switch(out, fact, "/proc", name, process->found && process->can_run);
	if (process->found && process->unit[0])
		fact_show_word(out, fact, "/proc", "unit", process->unit);
	if (process->not_believed)
		fact_show_number(out, fact, "/proc", "not_believed", (int64_t)process->not_believed);
}

/* In a folder nobody can be asked, but a recorded /proc says who ran. */
static const char *daemon_problem(const struct clamav *clamav, const struct host *host, struct clamav_talk *talk)
{
	const char *problem = clamav_ask(clamav, host, talk);

	if (!problem)
		return strcmp(talk->answer, "PONG") == 0 ? NULL : "no_answer";
	if (strcmp(problem, "not_live") != 0 || !clamav->processes_seen)
		return problem;
	show_process(talk->facts, talk->fact, "clamd", &clamav->process);
	if (!clamav->process.found)
		return "not_running";
	return clamav->process.can_run ? NULL : "no_answer";
}

/* clamonacc --watch-list FILE and --exclude-list FILE add to clamd.conf. */
static bool add_lists(struct clamav *clamav, const struct host *host, const struct process *onaccess, struct err *err)
{
	const struct {
		const char *option;
		char letter;
		struct clamd_paths *paths;
	} lists[] = {{"watch-list", 'W', &clamav->conf.include}, {"exclude-list", 'e', &clamav->conf.exclude}};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		AUTO(buf_fini) struct buf text = {.data = NULL};
		const char *path = proc_option(onaccess->arguments, onaccess->arguments_size, lists[i].option, lists[i].letter);
		if (path && (!host_read(host, path, CLAMD_CONF_MAX, &text, NULL, err) ||
		             !clamd_paths_read(lists[i].paths, &clamav->arena, buf_text(&text), text.size, err)))
			return false;
	}
	return true;
}

static void judge_settings(const struct clamav *clamav, struct facts *out, struct fact *fact)
{
	const struct clamd_conf *conf = &clamav->conf;

	fact_show_switch(out, fact, clamav->conf_path, "OnAccessPrevention", conf->prevention);
	fact_show_number(out, fact, clamav->conf_path, "OnAccessIncludePath", (int64_t)conf->include.count);
	if (conf->mount.count)
		fact_show_number(out, fact, clamav->conf_path, "OnAccessMountPath", (int64_t)conf->mount.count);
	if (conf->mount.count || !conf->prevention)
		off(out, fact, "notify_only");
	else if (clamd_conf_covers_nothing(conf))
		off(out, fact, "no_paths");
	else if (!clamav->conf_info.fixed)
		/* Who may write clamd.conf may turn it off. */
		off(out, fact, "not_enforced");
	else
		on(fact);
}

static void look_at_onaccess(struct clamav *clamav, const struct host *host, struct facts *out, struct fact *fact)
{
	struct process onaccess;
	struct err err;

	if (!process_find(&onaccess, &clamav->arena, host, "clamonacc", &err)) {
		fact_unknown(out, fact, "processes_not_seen");
		fact_show_error(out, fact, "/proc", &err);
		return;
	}
	show_process(out, fact, "clamonacc", &onaccess);
	/* It needs fanotify, which only root may have. */
	if (!onaccess.found || !onaccess.can_run || onaccess.uid != 0) {
		off(out, fact, "no_real_time");
	} else if (!clamav_follow(clamav, host, &onaccess, &err) || !add_lists(clamav, host, &onaccess, &err)) {
		fact_unknown(out, fact, "configuration_not_read");
		fact_show_error(out, fact, "clamonacc", &err);
	} else {
		judge_settings(clamav, out, fact);
	}
}

void antivirus_running_clamav(const struct host *host, struct facts *out)
{
	AUTO(clamav_fini) struct clamav clamav;
	struct fact *fact = facts_add(out, CONTROL_antivirus_running, "product:clamav");
	struct clamav_talk talk = {.command = "PING", .facts = out, .fact = fact};

	clamav_init(&clamav);
	fact_via(out, fact, "clamav");
	(void)clamav_find(&clamav, host);
	if (!clamav.daemon) {
		off(out, fact, "no_daemon");
		fact_show_path(out, fact, "clamav", "program", clamav.scanner ? clamav.scanner : "");
		return;
	}
	fact_show_path(out, fact, "clamav", "program", clamav.daemon);
	const char *problem = daemon_problem(&clamav, host, &talk);
	if (problem && strcmp(problem, "not_running") == 0)
		off(out, fact, problem);
	else if (problem)
		fact_unknown(out, fact, problem);
	else
		look_at_onaccess(&clamav, host, out, fact);
}

static void not_installed(struct facts *out)
{
	struct fact *fact = facts_add(out, CONTROL_antivirus_running, "host");

	off(out, fact, "not_installed");
	fact_via(out, fact, "none");
	for (size_t i = 0; i < antivirus_product_count; i++)
		fact_show_word(out, fact, antivirus_products[i].files[0], antivirus_products[i].id, "absent");
}

static bool probe(const struct host *host, struct facts *out, struct err *err)
{
	size_t before = out->count;

	(void)err;
	for (size_t i = 0; i < antivirus_product_count; i++) {
		const struct antivirus_product *product = &antivirus_products[i];
		const char *file = antivirus_installed(host, product);
		if (file && product->running) {
			product->running(host, out);
		} else if (file) {
			struct fact *fact = facts_add(out, CONTROL_antivirus_running, "product:%s", product->id);
			fact_unknown(out, fact, "details_not_readable");
			fact_via(out, fact, "other");
			fact_show_path(out, fact, product->id, "program", file);
		}
	}
	if (out->count == before)
		not_installed(out);
	return true;
}

static const struct trigger triggers[] = {{TRIGGER_UNIT, "clamav-daemon.service"},
                                          {TRIGGER_UNIT, "clamav-clamonacc.service"},
                                          {TRIGGER_PATH, "/etc/clamav/clamd.conf"},
                                          {TRIGGER_PATH, "/run/clamav"},
                                          TRIGGERS_END};

const struct control control_antivirus_running = {.probe = probe, .triggers = triggers};
