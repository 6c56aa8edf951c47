/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/installed.h"

#include "base/text.h"
#include "platform/run.h"

#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

const char *const installed_services[] = {"epagentd.service", "epagent-user.socket", "epagent-probe.socket", NULL};
const char *const installed_users[] = {"epagent-probe", NULL};

bool installed_service(const char *name, char word[INSTALLED_WORD_MAX], struct err *err)
{
	AUTO(run_answer_fini) struct run_answer answer;
	const char *const argv[] = {"/usr/bin/systemctl", "is-active", "--", name, NULL};
	struct stat at;

	run_answer_init(&answer);
	word[0] = '\0';
	/* sd_booted(3) looks for this folder. */
	if (stat("/run/systemd/system", &at) != 0)
		return err_set(err, ERR_UNSUPPORTED, "systemd does not run here");
	if (!run_program(argv, (struct run_limits){5000, 4096}, &answer, err))
		return false;
	const char *said = buf_text(&answer.out);
	text_printable(word, INSTALLED_WORD_MAX, said, strcspn(said, "\n"), 20);
	if (answer.status == 0)
		return true;
	return err_set(err, ERR_INVALID, "%s is %s", name, *word ? word : "not known");
}

bool installed_user(const char *name, struct err *err)
{
	return getpwnam(name) != NULL || err_set(err, ERR_ABSENT, "there is no user %s", name);
}
