/* SPDX-License-Identifier: Apache-2.0 */
/* epctl keys new --data DIR */
#include "server/ctl/ctl.h"
#include "server/trust.h"

#include <string.h>
#include <time.h>

enum ctl_exit ctl_keys_new(int argc, char **argv, struct err *err)
{
	if (argc != 2 || strcmp(argv[0], "--data") != 0) {
		err_set(err, ERR_INVALID, "usage: epctl keys new --data DIR");
		return CTL_FAILED;
	}
	if (!trust_new(argv[1], (int64_t)time(NULL), err))
		return CTL_FAILED;
	(void)printf("%s/keys is made. Every PC pins root.pin; keep root.key where only few can reach it.\n", argv[1]);
	return CTL_OK;
}
