# SPDX-License-Identifier: Apache-2.0
.PHONY: install
install: all
	@packaging/install/run $(BUILD)/bin "$(DESTDIR)"
