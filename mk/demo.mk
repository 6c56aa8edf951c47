# SPDX-License-Identifier: Apache-2.0
# This PC's verdicts, now: everything under build/demo, by the launcher, in observe mode.
.PHONY: demo
demo:
	@packaging/deps.sh build
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@exec packaging/demo/run

# The daemons' long tests, with the journal's.
.PHONY: soak-core
soak: soak-core
soak-core: deps tests
	@EPAGENT_SOAK=1 tests/integration/core_kill.py
	@EPAGENT_SOAK=1 tests/integration/core_hostile.py
	@EPAGENT_SOAK=1 tests/integration/nth_malloc.py
