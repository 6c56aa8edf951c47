/* SPDX-License-Identifier: Apache-2.0 */
/* `when:` of a rule, and the policy's timezone. */
#include "base/text.h"
#include "policy/policy_check.h"

#include <stdio.h>
#include <string.h>

static const char *const day_words[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
#define DAYS      7
#define EVERY_DAY 0x7f

static bool take_day(const char **at, unsigned *day)
{
	for (unsigned i = 0; i < DAYS; i++)
		if (strncmp(*at, day_words[i], 3) == 0) {
			*at += 3;
			*day = i;
			return true;
		}
	return false;
}

/* "Mon-Fri" or "Mon,Wed-Thu"; Fri-Mon goes over Sunday. */
static bool take_days(const char **at, uint8_t *days)
{
	unsigned first, last;

	do {
		if (!take_day(at, &first))
			return false;
		last = first;
		if (**at == '-' && (++*at, !take_day(at, &last)))
			return false;
		for (unsigned day = first;; day = (day + 1) % DAYS) {
			*days = (uint8_t)(*days | (1u << day));
			if (day == last)
				break;
		}
	} while (**at == ',' && ++*at);
	return true;
}

/* Two digits each, so that 8:30 and 08:30 are not two ways to write one hour. 24:00 is the end of a day. */
static bool take_clock(const char **at, uint16_t *minutes)
{
	const char *s = *at;

	for (int i = 0; i < 5; i++)
		if (i == 2 ? s[i] != ':' : (s[i] < '0' || s[i] > '9'))
			return false;
	int hour = (s[0] - '0') * 10 + s[1] - '0', minute = (s[3] - '0') * 10 + s[4] - '0';
	*minutes = (uint16_t)(hour * 60 + minute);
	*at += 5;
	return minute < 60 && *minutes <= 24 * 60;
}

/* Equal ends are refused: nobody can tell whether nothing or the whole day is meant. */
static bool take_hours(const char *text, struct when *when)
{
	const char *at = text;

	when->days = 0;
	if (*at >= '0' && *at <= '9')
		when->days = EVERY_DAY;
	else if (!take_days(&at, &when->days) || *at++ != ' ')
		return false;
	if (!take_clock(&at, &when->from_min) || *at++ != '-' || !take_clock(&at, &when->to_min))
		return false;
	return *at == '\0' && when->from_min != when->to_min && when->from_min < 24 * 60;
}

/* Days in runs from Monday: "Mon-Fri", "Mon,Wed", nothing for every day. */
void when_print_hours(char out[WHEN_HOURS_SIZE], const struct when *when)
{
	char days[32] = "";
	size_t at = 0;

	for (unsigned day = 0; day < DAYS && when->days != EVERY_DAY; day++) {
		unsigned last = day;
		if (!(when->days & (1u << day)))
			continue;
		while (last + 1 < DAYS && (when->days & (1u << (last + 1))))
			last++;
		int added = snprintf(days + at, sizeof days - at, "%s%s%s%s", at ? "," : "", day_words[day], last > day ? "-" : "",
		                     last > day ? day_words[last] : "");
		at += (size_t)added;
		day = last;
	}
	(void)snprintf(out, WHEN_HOURS_SIZE, "%s%s%02u:%02u-%02u:%02u", days, at ? " " : "", when->from_min / 60u, when->from_min % 60u,
	               when->to_min / 60u, when->to_min % 60u);
}

void check_when(struct checker *check, const struct node *when, struct rule *out)
{
	static const char *const keys[] = {"hours", "users"};
	const struct node *hours = node_get(when, "hours"), *users = node_get(when, "users");

	out->has_when = true;
	if (!check_keys(check, when, keys, ARRAY_LEN(keys)))
		return;
	if (when->count == 0)
		check_complain(check, when, "`when` is empty: write `hours` or `users`, or leave `when` out");
	const char *text = check_text(check, hours, "text such as \"Mon-Fri 08:30-17:15\"");
	out->when.has_hours = text != NULL;
	if (text && !take_hours(text, &out->when))
		check_complain(check, hours,
		               "`hours: %s` is not understood: write \"Mon-Fri 08:30-17:15\", \"Mon,Wed 09:00-12:00\" or "
		               "\"22:00-06:00\" (24:00 ends a day)",
		               check_show(text));
	out->when.has_users = users && check_list(check, users, 32, &out->when.users, &out->when.user_count);
}

/* Fixed offsets only: a zone's summer time is data that changes, and the judge must give the same answer everywhere. */
static const struct {
	const char *name;
	int32_t offset_s;
} zones[] = {
	{"Asia/Tokyo", 9 * 3600},
	{"Japan", 9 * 3600},
	{"UTC", 0},
	{"Etc/UTC", 0},
	{"Asia/Seoul", 9 * 3600},
	{"Asia/Shanghai", 8 * 3600},
	{"Asia/Taipei", 8 * 3600},
	{"Asia/Singapore", 8 * 3600},
};

static bool take_offset(const char *text, int32_t *offset_s)
{
	const char *at = text + 1;
	uint16_t minutes;

	if ((text[0] != '+' && text[0] != '-') || !take_clock(&at, &minutes) || *at || minutes > 14 * 60)
		return false;
	*offset_s = (text[0] == '-' ? -60 : 60) * minutes;
	return true;
}

void check_timezone(struct checker *check, const struct node *node)
{
	const char *text = check_text(check, node, "a name such as Asia/Tokyo");
	struct policy *policy = check->policy;

	policy->timezone = text ? arena_strdup(&policy->arena, text) : zones[0].name;
	policy->utc_offset_s = zones[0].offset_s;
	if (!text || take_offset(text, &policy->utc_offset_s))
		return;
	for (size_t i = 0; i < ARRAY_LEN(zones); i++)
		if (strcmp(text, zones[i].name) == 0) {
			policy->utc_offset_s = zones[i].offset_s;
			return;
		}
	check_complain(check, node,
	               "timezone `%s` is not known: write Asia/Tokyo, UTC or an offset such as \"+09:00\" "
	               "(zones with summer time are not taken)",
	               check_show(text));
}
