# SPDX-License-Identifier: Apache-2.0
# A guest with a kernel of its own, under build/lab. `make test` runs its short part; `make lab` the whole; `make soak` its hard resets.
.PHONY: lab lab-short lab-resets
lab: tests
	@packaging/deps.sh lab
	@tests/lab/run.py

# Without root nothing can be installed; the suite then skips with its reason.
lab-short: tests
	-@packaging/deps.sh lab
	@tests/lab/run.py --short

lab-resets: tests
	@packaging/deps.sh lab
	@tests/lab/run.py faults resets

soak: lab-resets
