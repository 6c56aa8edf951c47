/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask: one question on one of the agent's sockets, from inside the guest, where there is no Python.
 *   ask SOCKET NUMBER LAST < payload      sends the message NUMBER, prints each answer's payload as a line, until message LAST came
 * It writes frames by itself and shares no code with the agent: "EP", version 1, type, length in four bytes, payload.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int get(int fd, unsigned char *to, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = read(fd, to + at, size - at);
		if (n <= 0)
			return 0;
		at += (size_t)n;
	}
	return 1;
}

int main(int argc, char **argv)
{
	static unsigned char payload[2 << 20];
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	unsigned char head[8] = {'E', 'P', 1};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 4 || strlen(argv[1]) >= sizeof at.sun_path)
		return 2;
	strcpy(at.sun_path, argv[1]);
	size_t size = fread(payload, 1, sizeof payload, stdin);
	head[3] = (unsigned char)atoi(argv[2]);
	for (int i = 0; i < 4; i++)
		head[4 + i] = (unsigned char)(size >> (24 - 8 * i));
	alarm(120);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0 || write(fd, head, 8) != 8 ||
	    write(fd, payload, size) != (ssize_t)size)
		return 1;
	do {
		if (!get(fd, head, 8))
			return 1;
		size = (size_t)head[4] << 24 | (size_t)head[5] << 16 | (size_t)head[6] << 8 | head[7];
		unsigned char *answer = malloc(size + 1);
		if (!answer || !get(fd, answer, size))
			return 1;
		printf("%d %.*s\n", head[3], (int)size, answer);
		free(answer);
	} while (head[3] != atoi(argv[3]));
	return 0;
}
