/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/catalogue.h"

#include <string.h>

const struct control_row catalogue[CONTROL_COUNT] = {
#define CONTROL(name, subject, value, by, period) [CONTROL_##name] = {#name, SUBJECT_##subject, VALUE_##value, BY_##by, period, true},
#define LATER(name, subject, value)               [CONTROL_##name] = {#name, SUBJECT_##subject, VALUE_##value, BY_CORE, 0, false},
#include "policy/controls.def"
#undef CONTROL
#undef LATER
};

enum control_id catalogue_find(const char *name)
{
	for (int id = 0; id < CONTROL_COUNT; id++)
		if (strcmp(catalogue[id].name, name) == 0)
			return (enum control_id)id;
	return CONTROL_COUNT;
}
