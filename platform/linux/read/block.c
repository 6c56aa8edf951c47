/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/linux/read/block.h"

#include "base/attr.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/*
 * Prefixes that makers put before a device's uuid: cryptsetup (lib/utils_devpath.c, libdevmapper.c: "CRYPT-<type>-"), LVM2, multipath-tools,
 * kpartx, dmraid, stratis. CRYPT-VERITY and CRYPT-INTEGRITY only check; CRYPT-SUBDEV is integrity below LUKS2 (or one cipher of a
 * cascade) and lies below a device that is counted already. CRYPT-TEMP is a device being made: unknown.
 */
static const struct {
	const char *prefix;
	enum dm_kind kind;
} makers[] = {
	{"CRYPT-LUKS1-", DM_ENCRYPTS},
	{"CRYPT-LUKS2-", DM_ENCRYPTS},
	{"CRYPT-PLAIN-", DM_ENCRYPTS},
	{"CRYPT-BITLK-", DM_ENCRYPTS},
	{"CRYPT-TCRYPT-", DM_ENCRYPTS},
	{"CRYPT-FVAULT2-", DM_ENCRYPTS},
	{"CRYPT-LOOPAES-", DM_ENCRYPTS},
	{"CRYPT-VERITY-", DM_PASSES},
	{"CRYPT-INTEGRITY-", DM_PASSES},
	{"CRYPT-SUBDEV-", DM_PASSES},
	{"LVM-", DM_PASSES},
	{"mpath-", DM_PASSES},
	{"DMRAID-", DM_PASSES},
	{"stratis-1-", DM_PASSES},
	{"VDO-", DM_PASSES},
};

/* kpartx: "part2-mpath-3600508b1001c" */
static bool is_kpartx(const char *uuid)
{
	size_t digits = text_starts(uuid, "part") ? strspn(uuid + 4, "0123456789") : 0;

	return digits && uuid[4 + digits] == '-';
}

enum dm_kind block_dm_kind(const char *uuid, char type[BLOCK_NAME_SIZE])
{
	size_t length = strcspn(uuid, "-");

	if (text_starts(uuid, "CRYPT-"))
		length += 1 + strcspn(uuid + length + 1, "-");
	if (!uuid[length])
		length = 0; /* no dash: nothing that names a maker */
	(void)snprintf(type, BLOCK_NAME_SIZE, "%.*s", (int)(length < BLOCK_NAME_SIZE ? length : 0), uuid);
	for (size_t i = 0; i < ARRAY_LEN(makers); i++)
		if (text_starts(uuid, makers[i].prefix))
			return makers[i].kind;
	return is_kpartx(uuid) ? DM_PASSES : DM_UNKNOWN;
}

bool block_device_number(const char *text, unsigned *major, unsigned *minor)
{
	unsigned number[2] = {0, 0};
	const char *at = text;

	for (size_t i = 0; i < 2; i++) {
		size_t digits = strspn(at, "0123456789");
		if (digits == 0 || digits > 7)
			return false;
		for (; digits; digits--)
			number[i] = number[i] * 10 + (unsigned)(*at++ - '0');
		if (i == 0 && *at++ != ':')
			return false;
	}
	if (*at && strcmp(at, "\n") != 0)
		return false;
	*major = number[0];
	*minor = number[1];
	return true;
}

bool block_name_is_sound(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length < BLOCK_NAME_SIZE && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

bool block_place_of_link(const char *link, struct block_place *place)
{
	const char *slash = strrchr(link, '/');
	const char *above = slash;

	if (!slash || slash == link || !block_name_is_sound(slash + 1))
		return false;
	while (above > link && above[-1] != '/')
		above--;
	size_t length = (size_t)(slash - above);
	if (length == 0 || length >= BLOCK_NAME_SIZE)
		return false;
	(void)snprintf(place->name, sizeof place->name, "%s", slash + 1);
	(void)snprintf(place->parent, sizeof place->parent, "%.*s", (int)length, above);
	/* An NVMe disk with several paths is under devices/virtual/nvme-subsystem and a real disk all the same. */
	place->is_virtual = strstr(link, "/devices/virtual/block/") != NULL;
	place->on_usb = strstr(link, "/usb") != NULL;
	return true;
}

void block_read_resume(const char *text, struct resume *resume)
{
	static const struct {
		const char *word, *folder;
	} tags[] = {{"UUID=", "by-uuid"}, {"LABEL=", "by-label"}, {"PARTUUID=", "by-partuuid"}, {"PARTLABEL=", "by-partlabel"}};
	char name[256];

	(void)snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "\n"), text);
	*resume = (struct resume){.kind = RESUME_BROKEN};
	/* initramfs-tools: "none" switches it off, "auto" takes the largest swap in use, which is looked at anyway. */
	if (strlen(text) < sizeof name && (!name[0] || text_equal(name, "none") || text_equal(name, "auto") || text_equal(name, "0:0")))
		resume->kind = RESUME_NONE;
	else if (block_device_number(name, &resume->major, &resume->minor))
		resume->kind = RESUME_NUMBER;
	else if (strlen(text) < sizeof name && text_starts(name, "/dev/") && !strstr(name, "/../"))
		resume->kind = RESUME_PATH;
	if (resume->kind == RESUME_PATH)
		(void)snprintf(resume->path, sizeof resume->path, "%s", name);
	for (size_t i = 0; resume->kind == RESUME_BROKEN && i < ARRAY_LEN(tags); i++) {
		const char *value = name + strlen(tags[i].word);
		if (!text_starts(name, tags[i].word) || !*value || strchr(value, '/'))
			continue;
		(void)snprintf(resume->path, sizeof resume->path, "/dev/disk/%s/%s", tags[i].folder, value);
		resume->kind = RESUME_PATH;
	}
}
