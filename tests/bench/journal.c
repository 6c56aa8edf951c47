/* SPDX-License-Identifier: Apache-2.0 */
/* journal DIR: appends a second on the file system of DIR: one record and one sync each, then 200 records a sync; 600-byte payloads. */
#include "agent/journal.h"
#include "platform/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GROUP  200
#define SECOND 1000000000ll

static long long now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static void measure(struct journal *j, size_t group)
{
	static char text[601];
	struct journal_entry entries[GROUP];
	struct record_stamp stamp;
	struct err err;
	unsigned long long records = 0, appends = 0;

	memset(text, ' ', sizeof text - 1);
	memcpy(text, "{}", 2);
	for (size_t i = 0; i < GROUP; i++)
		entries[i] = (struct journal_entry){RECORD_verdict, text, sizeof text - 1};
	long long start = now_ns(), worst = 0, end;
	do {
		long long before = now_ns();
		clock_stamp(&stamp);
		if (!journal_append(j, entries, group, &stamp, &err)) {
			(void)fprintf(stderr, "%s\n", err.text);
			exit(1);
		}
		end = now_ns();
		worst = end - before > worst ? end - before : worst;
		records += group;
		appends++;
	} while (end - start < 3 * SECOND);
	printf("%zu a sync: %.0f records/s, %.0f appends/s, slowest %.1f ms\n", group, (double)records * SECOND / (double)(end - start),
	       (double)appends * SECOND / (double)(end - start), (double)worst / 1e6);
}

int main(int argc, char **argv)
{
	char dir[4096];
	struct err err;
	struct journal_options options = {.disk = &disk_real, .dir = dir};

	(void)snprintf(dir, sizeof dir, "%s/bench-journal.XXXXXX", argc > 1 ? argv[1] : "build");
	if (!mkdtemp(dir))
		return 1;
	char *whole = realpath(dir, NULL);
	options.dir = whole;
	clock_stamp(&options.stamp);
	long long start = now_ns();
	struct journal *j = whole ? journal_open(&options, &err) : NULL;
	if (!j)
		return 1;
	printf("made, 64 MiB of zeros: %.0f ms\n", (double)(now_ns() - start) / 1e6);
	measure(j, 1);
	measure(j, GROUP);
	journal_close(j);
	start = now_ns();
	j = journal_open(&options, &err);
	printf("opened again, every record read and checked: %.0f ms\n", (double)(now_ns() - start) / 1e6);
	journal_close(j);
	printf("left in %s\n", whole);
	free(whole);
	return 0;
}
