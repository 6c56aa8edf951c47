/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over files without libFuzzer, one TAP line a folder: every corpus in every build, with any compiler. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(1u << 20);
	size_t size = file && bytes ? fread(bytes, 1, 1u << 20, file) : 0;

	if (!file || !bytes) {
		perror(path);
		exit(1);
	}
	(void)fclose(file);
	/* A copy of exactly this size, so that a read beyond the end is seen. */
	uint8_t *exact = malloc(size ? size : 1);
	for (size_t i = 0; exact && i < size; i++)
		exact[i] = bytes[i];
	free(bytes);
	int result = exact ? LLVMFuzzerTestOneInput(exact, size) : 1;
	free(exact);
	return result;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		unsigned count = 0;
		char path[1024];
		if (!dir) {
			printf("not ok - %s: no corpus\n", argv[i]);
			return 1;
		}
		for (const struct dirent *entry; (entry = readdir(dir));) {
			if (entry->d_name[0] == '.')
				continue;
			(void)snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
			(void)replay(path);
			count++;
		}
		(void)closedir(dir);
		printf("%sok - %s: %u inputs\n", count ? "" : "not ", argv[i], count);
		if (!count)
			return 1;
	}
	return 0;
}
