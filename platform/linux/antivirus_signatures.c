/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How old is what each product has *loaded*? clamd says so itself: VERSION gives the number and date of its daily database. That date
 * is the daemon's local time without a zone, so where a database on disk has the same number, its header's exact build time counts;
 * else the date is read in the PC's zone, and the evidence says so. Files alone prove nothing (a daemon may hold an older database), but
 * what is loaded is no newer than the newest of them: that is the bound of the UNKNOWN answer.
 */
#include "base/text.h"
#include "platform/control.h"
#include "platform/linux/antivirus.h"
#include "platform/linux/clamav.h"
#include "platform/linux/read/clamd_version.h"
#include "platform/linux/read/cvd.h"
#include "platform/linux/read/tzif.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DATABASE_DEFAULT "/var/lib/clamav"
#define ZONE_SLACK_S     (15 * 3600) /* no zone is farther from UTC */

static const char *const database_files[] = {"daily.cvd", "daily.cld", "daily.cud"};

struct files {
	const char *folder;
	bool folder_seen; /* else nothing can be said about the files */
	struct cvd found[ARRAY_LEN(database_files)];
	bool has[ARRAY_LEN(database_files)];
};

static bool read_header(const struct host *host, const char *path, struct cvd *cvd, struct err *err)
{
	char bytes[CVD_HEADER_SIZE];
	struct file_info info;
	int fd = host_open(host, path, &info, err);

	if (fd < 0)
		return false;
	ssize_t got = info.kind == FILE_REGULAR ? read(fd, bytes, sizeof bytes) : -1;
	(void)close(fd);
	return got < 0 ? err_set(err, ERR_IO, "%s cannot be read", path) : cvd_read(cvd, bytes, (size_t)got, err);
}

static void show_instant(struct facts *out, struct fact *fact, const struct evidence *at)
{
	char text[TEXT_INSTANT_SIZE];

	text_from_instant(text, at->number);
	fact_show_word(out, fact, at->source, at->key, text);
}

static void read_files(struct files *files, const struct host *host, struct facts *out, struct fact *fact)
{
	struct file_info folder;
	struct err err = {ERR_NONE, ""};

	files->folder_seen = host_info(host, files->folder, &folder, &err) || err.kind == ERR_ABSENT;
	if (!files->folder_seen)
		fact_show_error(out, fact, files->folder, &err);
	for (size_t i = 0; files->folder_seen && i < ARRAY_LEN(database_files); i++) {
		char path[512];
		(void)snprintf(path, sizeof path, "%.400s/%s", files->folder, database_files[i]);
		files->has[i] = read_header(host, path, &files->found[i], &err);
		if (files->has[i]) {
			fact_show_number(out, fact, path, "number", files->found[i].number);
			show_instant(out, fact, &(struct evidence){.source = path, .key = "built", .number = files->found[i].built_at});
		} else if (err.kind != ERR_ABSENT) {
			/* A file that cannot be read might be the newest: then there is no bound. */
			fact_show_error(out, fact, path, &err);
			files->folder_seen = false;
		}
	}
}

/* The newest header, or never. */
static struct value newest(const struct files *files)
{
	struct value value = value_never(VALUE_AGE);

	for (size_t i = 0; i < ARRAY_LEN(database_files); i++)
		if (files->has[i] && (value.never || files->found[i].built_at > value.number))
			value = value_instant(files->found[i].built_at);
	return value;
}

/* A header with the number that the daemon named, and a build time that some zone on earth shows as the date that it named. */
static bool exact_time(const struct files *files, const struct clamd_version *version, int64_t *at_utc)
{
	for (size_t i = 0; i < ARRAY_LEN(database_files); i++) {
		int64_t apart = version->local_time - files->found[i].built_at;
		if (files->has[i] && files->found[i].number == version->number && apart > -ZONE_SLACK_S && apart < ZONE_SLACK_S &&
		    apart % 60 == 0) {
			*at_utc = files->found[i].built_at;
			return true;
		}
	}
	return false;
}

/* In the zone of the PC; libc takes UTC where no /etc/localtime is. */
static bool zone_time(const struct host *host, int64_t local, int64_t *at_utc, struct err *err)
{
	AUTO(buf_fini) struct buf zone = {.data = NULL};

	if (host_read(host, "/etc/localtime", TZIF_MAX, &zone, NULL, err))
		return tzif_to_utc(buf_text(&zone), zone.size, local, at_utc, err);
	*at_utc = local;
	return err->kind == ERR_ABSENT;
}

static void take(struct fact *fact, struct value value)
{
	fact_known(fact, value);
	fact->fixed = true;
}

static void take_answer(const struct host *host, const struct files *files, struct clamav_talk *talk)
{
	struct clamd_version version;
	struct err err;
	int64_t at_utc;
	struct facts *out = talk->facts;
	struct fact *fact = talk->fact;

	if (!clamd_version_read(&version, talk->answer, strlen(talk->answer), &err)) {
		fact_unknown(out, fact, "answer_not_understood");
	} else if (!version.has_database) {
		fact_unknown(out, fact, "no_date");
	} else if (exact_time(files, &version, &at_utc)) {
		fact_show_word(out, fact, "VERSION", "date_from", "header");
		take(fact, value_instant(at_utc));
	} else if (zone_time(host, version.local_time, &at_utc, &err)) {
		fact_show_word(out, fact, "VERSION", "date_from", "local_time");
		take(fact, value_instant(at_utc));
	} else {
		fact_show_error(out, fact, "/etc/localtime", &err);
		fact_unknown(out, fact, "zone_not_read");
	}
}

/* clamscan alone loads the files anew at each scan: what lies there is what it uses. */
static void take_scanner(const struct host *host, const struct clamav *clamav, struct clamav_talk *talk)
{
	struct files files = {.folder = DATABASE_DEFAULT};

	fact_show_path(talk->facts, talk->fact, "clamav", "program", clamav->scanner ? clamav->scanner : "");
	read_files(&files, host, talk->facts, talk->fact);
	struct value value = newest(&files);
	if (!files.folder_seen) {
		fact_unknown(talk->facts, talk->fact, "files_not_read");
	} else {
		take(talk->fact, value);
		fact_show_switch(talk->facts, talk->fact, files.folder, "daily", !value.never);
	}
}

void antivirus_signatures_clamav(const struct host *host, struct facts *out)
{
	AUTO(clamav_fini) struct clamav clamav;
	struct fact *fact = facts_add(out, CONTROL_antivirus_signatures, "product:clamav");
	struct clamav_talk talk = {.command = "VERSION", .facts = out, .fact = fact};

	clamav_init(&clamav);
	fact_via(out, fact, "clamav");
	(void)clamav_find(&clamav, host);
	if (!clamav.daemon) {
		take_scanner(host, &clamav, &talk);
		return;
	}
	struct files files = {.folder = clamav.conf.database ? clamav.conf.database : DATABASE_DEFAULT};
	const char *problem = clamav_ask(&clamav, host, &talk);
	read_files(&files, host, out, fact);
	if (!problem) {
		take_answer(host, &files, &talk);
		return;
	}
	fact_unknown(out, fact, problem);
	/* Without its configuration we do not know which folder it loads from. */
	if (files.folder_seen && clamav.conf_err.kind == ERR_NONE)
		fact_at_best(fact, newest(&files));
}

static void not_installed(struct facts *out)
{
	struct fact *fact = facts_add(out, CONTROL_antivirus_signatures, "host");

	fact_known(fact, value_never(VALUE_AGE));
	fact->fixed = true;
	fact_reason(out, fact, "not_installed");
	fact_via(out, fact, "none");
	for (size_t i = 0; i < antivirus_product_count; i++)
		fact_show_word(out, fact, antivirus_products[i].files[0], antivirus_products[i].id, "absent");
}

static void add_other(struct facts *out, const struct antivirus_product *product, const char *file)
{
	struct fact *fact = facts_add(out, CONTROL_antivirus_signatures, "product:%s", product->id);

	if (product->has_patterns)
		fact_unknown(out, fact, "details_not_readable");
	else
		fact_unsupported(out, fact, "no_patterns");
	fact_via(out, fact, "other");
	fact_show_path(out, fact, product->id, "program", file);
}

static bool probe(const struct host *host, struct facts *out, struct err *err)
{
	size_t before = out->count;

	(void)err;
	for (size_t i = 0; i < antivirus_product_count; i++) {
		const struct antivirus_product *product = &antivirus_products[i];
		const char *file = antivirus_installed(host, product);
		if (file && product->signatures)
			product->signatures(host, out);
		else if (file)
			add_other(out, product, file);
	}
	if (out->count == before)
		not_installed(out);
	return true;
}

static const struct trigger triggers[] = {
	{TRIGGER_UNIT, "clamav-daemon.service"}, {TRIGGER_PATH, DATABASE_DEFAULT}, {TRIGGER_PATH, "/run/clamav"}, TRIGGERS_END};

const struct control control_antivirus_signatures = {.probe = probe, .triggers = triggers};
