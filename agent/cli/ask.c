/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/ask.h"

#define ANSWER_TIMEOUT_MS 10000

json_t *ask_core(const struct options *options, enum message_type type, const json_t *body, struct err *err)
{
	json_t *answer = message_ask(options->run_dir, type, body, ANSWER_TIMEOUT_MS, err);

	if (!answer && err->kind == ERR_ABSENT)
		err_wrap(err, "the agent does not run here (epagent doctor%s%s says what is missing)", options->run_dir ? " --run " : "",
		         options->run_dir ? options->run_dir : "");
	else if (!answer)
		err_wrap(err, "the agent");
	return answer;
}
