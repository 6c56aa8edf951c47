/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest-init: the lab guest's whole initramfs: load modules, mount, switch.
 *
 * /modules lists module files in load order (written by build-image.sh).
 * The root disk is /dev/vda (ext4).  Static binary, no shell, no udev: it adds
 * a fraction of a second to a software-emulated boot where a distribution
 * initramfs adds many.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die(const char *what)
{
	dprintf(2, "guest-init: %s: %s\n", what, strerror(errno));
	for (;;)
		pause();
}

int main(void)
{
	char line[256];

	mkdir("/dev", 0755);
	mkdir("/root", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, "mode=0755");
	int con = open("/dev/console", O_RDWR);
	if (con >= 0)
		for (int i = 0; i < 3; i++)
			dup2(con, i);

	FILE *list = fopen("/modules", "re");
	if (!list)
		die("/modules");
	while (fgets(line, sizeof line, list)) {
		line[strcspn(line, "\n")] = 0;
		int fd = open(line, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			dprintf(2, "guest-init: %s: %s\n", line, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	fclose(list);

	for (int i = 0; mount("/dev/vda", "/root", "ext4", 0, ""); i++) {
		if (i == 1000)
			die("mount /dev/vda");
		usleep(10000);
	}
	if (mount("/dev", "/root/dev", NULL, MS_MOVE, NULL) || chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
		die("switch root");
	execl("/sbin/init", "init", (char *)NULL);
	die("exec /sbin/init");
}
