# SPDX-License-Identifier: Apache-2.0
# This PC's verdicts, now: everything under build/demo, by the launcher, in observe mode.
.PHONY: demo
demo:
	@packaging/deps.sh build
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@exec packaging/demo/run
