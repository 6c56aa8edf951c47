# SPDX-License-Identifier: Apache-2.0
# A guest with a kernel of its own, under build/lab. `make test` runs its short part; this is the whole.
.PHONY: lab lab-short
lab: all
	@packaging/deps.sh lab
	@tests/lab/run.py

# Without root nothing can be installed; the suite then skips with its reason.
lab-short: all
	-@packaging/deps.sh lab
	@tests/lab/run.py --short
