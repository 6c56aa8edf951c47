/* SPDX-License-Identifier: Apache-2.0 */
/* The readers below disk_encryption: mount table, swaps, kernel command line, crypttab, sysfs' small texts. */
#include "platform/linux/read/block.h"
#include "platform/linux/read/cmdline.h"
#include "platform/linux/read/crypttab.h"
#include "platform/linux/read/mountinfo.h"
#include "platform/linux/read/swaps.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_table(struct mounts *mounts, const char *text)
{
	struct err err;

	return mounts_read(mounts, text, strlen(text), &err);
}

static void test_mountinfo_line(void **state)
{
	struct mounts m;

	(void)state;
	assert_true(read_table(&m, "36 35 98:7 /sub /mnt/a\\040b rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n"
	                           "37 35 0:40 / /x rw - tmpfs  rw,size=1k\n"
	                           "38 35 0:41 / /y rw - fuse a\\134b rw\n"));
	assert_int_equal(m.count, 3);
	assert_int_equal(m.broken, 0);
	assert_int_equal(m.items[0].major, 98);
	assert_int_equal(m.items[0].minor, 7);
	assert_string_equal(m.items[0].root, "/sub");
	assert_string_equal(m.items[0].point, "/mnt/a b");
	assert_string_equal(m.items[0].type, "ext3");
	assert_string_equal(m.items[0].source, "/dev/root");
	assert_string_equal(m.items[0].options, "rw,errors=continue");
	assert_string_equal(m.items[1].source, "");
	assert_string_equal(m.items[1].options, "rw,size=1k");
	assert_string_equal(m.items[2].source, "a\\b");
	mounts_fini(&m);
}

static void test_mountinfo_broken(void **state)
{
	static const char *const lines[] = {
		"x",
		"36 35 98:0 / /mnt rw shared:1\n",
		"36 35 98 / /mnt rw - ext4 /dev/a rw\n",
		"36 35 98:a / /mnt rw - ext4 /dev/a rw\n",
		"36 35 98:4294967296 / /mnt rw - ext4 /dev/a rw\n",
		"36 35 98:0 / mnt rw - ext4 /dev/a rw\n",
		"36 35 98:0 / /mnt\\9 rw - ext4 /dev/a rw\n",
		"36 35 98:0 / /mnt\\009 rw - ext4 /dev/a rw\n",
		"36  98:0 / /mnt rw - ext4 /dev/a rw\n",
		"36 35 98:0 /  rw - ext4 /dev/a rw\n",
		"36 35 98:0 / /mnt\\000 rw - ext4 /dev/a rw\n",
		"36 35 98:0 / /mnt\\777 rw - ext4 /dev/a rw\n",
		"36 35 98:0 / /mnt rw -\n",
		"36 35 98:0 / /mnt rw - ext4\n",
	};
	struct mounts m;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		assert_true(read_table(&m, lines[i]));
		assert_int_equal(m.count, 0);
		assert_int_equal(m.broken, 1);
		mounts_fini(&m);
	}
	assert_true(mounts_read(&m, "1 2 8:0 / / rw - ext4 a\0b rw\n", 28, &err));
	assert_int_equal(m.broken, 1);
	mounts_fini(&m);
	assert_true(mounts_read(&m, "\n\0x\n\n", 5, &err)); /* an empty line is none */
	assert_int_equal(m.broken, 1);
	mounts_fini(&m);
}

static void test_mountinfo_limits(void **state)
{
	static const char line[] = "1 2 8:0 / / rw - ext4 a rw\n";
	size_t size = (sizeof line - 1) * (MOUNTS_MAX + 1);
	char *text = malloc(size);
	struct mounts m;
	struct err err;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i <= MOUNTS_MAX; i++)
		memcpy(text + i * (sizeof line - 1), line, sizeof line - 1);
	assert_true(mounts_read(&m, text, size - (sizeof line - 1), &err));
	assert_int_equal(m.count, MOUNTS_MAX);
	mounts_fini(&m);
	assert_false(mounts_read(&m, text, size, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	mounts_fini(&m);
	free(text);
	text = malloc(MOUNTS_MAX_BYTES + 1); /* one line alone */
	assert_non_null(text);
	memset(text, 'x', MOUNTS_MAX_BYTES + 1);
	assert_true(mounts_read(&m, text, MOUNTS_MAX_BYTES, &err));
	mounts_fini(&m);
	assert_false(mounts_read(&m, text, MOUNTS_MAX_BYTES + 1, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	mounts_fini(&m);
	free(text);
}

static void test_mount_classes(void **state)
{
	static const struct {
		const char *type;
		unsigned major;
		enum mount_class class;
	} cases[] = {
		{"ext4", 8, MOUNT_BLOCK},
		{"fuseblk", 8, MOUNT_BLOCK},
		{"btrfs", 0, MOUNT_BTRFS},
		{"zfs", 0, MOUNT_ZFS},
		{"overlay", 0, MOUNT_OVERLAY},
		{"ecryptfs", 0, MOUNT_VIEW},
		{"fuse.gocryptfs", 0, MOUNT_VIEW},
		{"fuse.sshfs", 0, MOUNT_NETWORK},
		{"fuse.davfs2", 0, MOUNT_NETWORK},
		{"nfs4", 0, MOUNT_NETWORK},
		{"cgroup2", 0, MOUNT_MEMORY},
		{"fusectl", 0, MOUNT_MEMORY},
		{"squashfs", 7, MOUNT_IMAGE},
		{"tmpfs", 0, MOUNT_MEMORY},
		{"bcachefs", 0, MOUNT_OTHER},
		{"tmpfsx", 0, MOUNT_OTHER},
		{"", 0, MOUNT_OTHER},
		{"zfs2", 8, MOUNT_BLOCK},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mount mount = {.major = cases[i].major, .type = cases[i].type};
		assert_int_equal(mount_class(&mount), cases[i].class);
	}
}

static void test_mounts_over(void **state)
{
	struct mounts m;

	(void)state;
	assert_true(read_table(&m, "1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /home rw - ext4 b rw\n3 1 8:3 / /home rw - ext4 c rw\n"
	                           "4 1 8:4 / /home/sato/x rw - ext4 d rw\n"));
	assert_int_equal(mounts_over(&m, "/swapfile")->minor, 1);
	assert_int_equal(mounts_over(&m, "/homeless/x")->minor, 1);
	assert_int_equal(mounts_over(&m, "/home")->minor, 3);
	assert_int_equal(mounts_over(&m, "/home/sato/y")->minor, 3);
	assert_int_equal(mounts_over(&m, "/home/sato/x/y")->minor, 4);
	assert_null(mounts_over(&m, "relative"));
	mounts_fini(&m);
	assert_null(mounts_over(&m, "/"));
}

static void test_mount_options(void **state)
{
	struct mount mount = {.options = "rw,lowerdir=/a\\,b:/c,xlowerdir=/no,upperdir=/u,empty=,last=z"};
	char out[12];

	(void)state;
	assert_true(mount_option(&mount, "lowerdir", out, sizeof out));
	assert_string_equal(out, "/a\\,b:/c");
	assert_true(mount_option(&mount, "upperdir", out, sizeof out));
	assert_string_equal(out, "/u");
	assert_true(mount_option(&mount, "last", out, sizeof out));
	assert_string_equal(out, "z");
	assert_false(mount_option(&mount, "empty", out, sizeof out));
	assert_false(mount_option(&mount, "rw", out, sizeof out));
	assert_false(mount_option(&mount, "lowerdir", out, 8));
}

static void test_swaps(void **state)
{
	static const char text[] = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
				   "/dev/sda2                               partition\t1\t\t0\t\t-2\n"
				   "/var/swap\\040file\\040(deleted) file\t\t1\t0\t-3\n"
				   "sda3 partition 1 0 -1\n/dev/sdb other 1 0 -1\n/dev/sd\\0 partition 1\n/dev/sdc\n";
	static struct swaps swaps;
	struct err err;

	(void)state;
	assert_true(swaps_read(&swaps, text, sizeof text - 1, &err));
	assert_int_equal(swaps.count, 2);
	assert_int_equal(swaps.broken, 4);
	assert_string_equal(swaps.items[0].path, "/dev/sda2");
	assert_false(swaps.items[0].is_file);
	assert_string_equal(swaps.items[1].path, "/var/swap file");
	assert_true(swaps.items[1].is_file);
	assert_false(swaps_read(&swaps, "", 0, &err));
	assert_false(swaps_read(&swaps, "/dev/sda2 partition\n", 20, &err));
	assert_int_equal(err.kind, ERR_INVALID);
}

static void test_swaps_limit(void **state)
{
	static struct swaps swaps;
	char text[64 + 20 * (SWAPS_MAX + 1)] = "Filename\n";
	struct err err;

	(void)state;
	for (int i = 0; i < SWAPS_MAX; i++)
		strcat(text, "/dev/a partition 1\n");
	assert_true(swaps_read(&swaps, text, strlen(text), &err));
	assert_int_equal(swaps.count, SWAPS_MAX);
	strcat(text, "/dev/a partition 1\n");
	assert_false(swaps_read(&swaps, text, strlen(text), &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void test_cmdline(void **state)
{
	static const char text[] =
		"root=/dev/a noresume resume=/dev/b x=\"a b resume=/dev/no\" \"resume=/dev/c d\" resumex=1 resume_offset=7\n";
	char out[16];

	(void)state;
	assert_true(cmdline_value(text, "resume", out, sizeof out));
	assert_string_equal(out, "/dev/c d");
	assert_true(cmdline_value(text, "resume_offset", out, sizeof out));
	assert_string_equal(out, "7");
	assert_true(cmdline_value(text, "root", out, sizeof out));
	assert_false(cmdline_value(text, "root", out, 4));
	assert_false(cmdline_value(text, "offset", out, sizeof out));
	assert_true(cmdline_has(text, "noresume"));
	assert_false(cmdline_has(text, "resume"));
	assert_false(cmdline_has("", "x"));
}

static void test_assignment(void **state)
{
	char out[32];

	(void)state;
	assert_true(cmdline_assignment("#RESUME=/dev/no\nRESUME=UUID=1\n RESUME='LABEL=s' # x\nXRESUME=2", "RESUME", out, sizeof out));
	assert_string_equal(out, "LABEL=s");
	assert_false(cmdline_assignment("RESUMES=1\n", "RESUME", out, sizeof out));
	assert_true(cmdline_assignment("RESUME=none", "RESUME", out, sizeof out));
	assert_string_equal(out, "none");
}

static void test_dm_kinds(void **state)
{
	static const struct {
		const char *uuid, *type;
		enum dm_kind kind;
	} cases[] = {
		{"CRYPT-LUKS1-aa-root", "CRYPT-LUKS1", DM_ENCRYPTS},
		{"CRYPT-LUKS2-aa-root", "CRYPT-LUKS2", DM_ENCRYPTS},
		{"CRYPT-PLAIN-swap", "CRYPT-PLAIN", DM_ENCRYPTS},
		{"CRYPT-BITLK-aa-x", "CRYPT-BITLK", DM_ENCRYPTS},
		{"CRYPT-TCRYPT-x", "CRYPT-TCRYPT", DM_ENCRYPTS},
		{"CRYPT-FVAULT2-x", "CRYPT-FVAULT2", DM_ENCRYPTS},
		{"CRYPT-LOOPAES-x", "CRYPT-LOOPAES", DM_ENCRYPTS},
		{"CRYPT-VERITY-aa-usr", "CRYPT-VERITY", DM_PASSES},
		{"CRYPT-INTEGRITY-x", "CRYPT-INTEGRITY", DM_PASSES},
		{"CRYPT-SUBDEV-x", "CRYPT-SUBDEV", DM_PASSES},
		{"CRYPT-TEMP-x", "CRYPT-TEMP", DM_UNKNOWN},
		{"CRYPT-LUKS2", "", DM_UNKNOWN},
		{"LVM-aaaabbbb", "LVM", DM_PASSES},
		{"mpath-3600", "mpath", DM_PASSES},
		{"part1-mpath-3600", "part1", DM_PASSES},
		{"part-x", "part", DM_UNKNOWN},
		{"DMRAID-isw", "DMRAID", DM_PASSES},
		{"stratis-1-private", "stratis", DM_PASSES},
		{"", "", DM_UNKNOWN},
		{"crypt-luks2-x", "crypt", DM_UNKNOWN},
	};
	char type[BLOCK_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(block_dm_kind(cases[i].uuid, type), cases[i].kind);
		assert_string_equal(type, cases[i].type);
	}
}

static void test_places(void **state)
{
	struct block_place p;

	(void)state;
	assert_true(block_place_of_link("../../devices/pci0000:00/usb2/2-1/block/sda/sda1", &p));
	assert_string_equal(p.name, "sda1");
	assert_string_equal(p.parent, "sda");
	assert_true(p.on_usb);
	assert_false(p.is_virtual);
	assert_true(block_place_of_link("../../devices/virtual/block/dm-0", &p));
	assert_true(p.is_virtual);
	assert_false(p.on_usb);
	assert_true(block_place_of_link("../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1", &p));
	assert_false(p.is_virtual);
	assert_false(block_place_of_link("sda", &p));
	assert_false(block_place_of_link("/sda", &p));
	assert_false(block_place_of_link("a//sda", &p));
	assert_false(block_place_of_link("a/..", &p));
	assert_false(block_place_of_link("a/", &p));
	assert_false(block_name_is_sound("a/b"));
	assert_false(block_name_is_sound(""));
	assert_true(block_name_is_sound("cciss!c0d0"));
}

static void test_numbers(void **state)
{
	static const char *const bad[] = {"", "8", "8:", ":0", "8:0 ", "8:0x", "a:0", "12345678:0", "8:0\n\n", "8;1", "8 1"};
	unsigned a, b;

	(void)state;
	assert_true(block_device_number("253:17\n", &a, &b));
	assert_int_equal(a, 253);
	assert_int_equal(b, 17);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(block_device_number(bad[i], &a, &b));
}

static void test_resume(void **state)
{
	static const struct {
		const char *text;
		enum resume_kind kind;
		const char *path;
	} cases[] = {
		{"", RESUME_NONE, ""},
		{"none\n", RESUME_NONE, ""},
		{"auto", RESUME_NONE, ""},
		{"0:0\n", RESUME_NONE, ""},
		{"8:2\n", RESUME_NUMBER, ""},
		{"/dev/sda2", RESUME_PATH, "/dev/sda2"},
		{"UUID=a-b", RESUME_PATH, "/dev/disk/by-uuid/a-b"},
		{"LABEL=s", RESUME_PATH, "/dev/disk/by-label/s"},
		{"PARTUUID=1", RESUME_PATH, "/dev/disk/by-partuuid/1"},
		{"PARTLABEL=1", RESUME_PATH, "/dev/disk/by-partlabel/1"},
		{"UUID=", RESUME_BROKEN, ""},
		{"UUID=../../x", RESUME_BROKEN, ""},
		{"/dev/../etc/passwd", RESUME_BROKEN, ""},
		{"swap", RESUME_BROKEN, ""},
	};
	struct resume r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		block_read_resume(cases[i].text, &r);
		assert_int_equal(r.kind, cases[i].kind);
		assert_string_equal(r.path, cases[i].path);
	}
	char longer[400];
	(void)snprintf(longer, sizeof longer, "/dev/%0390d", 1);
	block_read_resume(longer, &r);
	assert_int_equal(r.kind, RESUME_BROKEN);
}

static void test_crypttab(void **state)
{
	static const char text[] =
		"# name source key options\nroot UUID=1 none luks\nswap\t/dev/b  /dev/urandom swap\ndata /dev/c /etc/k luks,keyscript=/x\n"
		"data /dev/c /etc/k luks\ntok /dev/d /etc/k luks,tpm2-device=auto\nnull /dev/e - plain,cipher=cipher_null-ecb\nshort\n";
	struct crypttab_entry e;

	(void)state;
	assert_true(crypttab_find(text, "root", &e));
	assert_string_equal(e.key, "");
	assert_false(e.null_cipher);
	assert_true(crypttab_find(text, "swap", &e));
	assert_string_equal(e.key, "");
	assert_true(crypttab_find(text, "data", &e));
	assert_string_equal(e.key, "/etc/k");
	assert_true(crypttab_find(text, "tok", &e));
	assert_string_equal(e.key, "");
	assert_true(crypttab_find(text, "null", &e));
	assert_true(e.null_cipher);
	assert_true(crypttab_find(text, "short", &e));
	assert_string_equal(e.key, "");
	assert_false(crypttab_find(text, "roo", &e));
	assert_false(crypttab_find(text, "#", &e));
	char longer[700];
	(void)snprintf(longer, sizeof longer, "long /dev/a /%0511d luks\nfits /dev/a /%0100d luks\n", 1, 1);
	assert_false(crypttab_find(longer, "long", &e)); /* a path that was cut would be another file */
	assert_true(crypttab_find(longer, "fits", &e));
	assert_int_equal(strlen(e.key), 101);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mountinfo_line), cmocka_unit_test(test_mountinfo_broken), cmocka_unit_test(test_mountinfo_limits),
		cmocka_unit_test(test_mount_classes),  cmocka_unit_test(test_mounts_over),      cmocka_unit_test(test_mount_options),
		cmocka_unit_test(test_swaps),          cmocka_unit_test(test_swaps_limit),      cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_assignment),     cmocka_unit_test(test_dm_kinds),         cmocka_unit_test(test_places),
		cmocka_unit_test(test_numbers),        cmocka_unit_test(test_resume),           cmocka_unit_test(test_crypttab),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
