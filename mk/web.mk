# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The viewer: one self-contained page, bundled from web-static/.

NODE ?= node

WEB_SOURCES := $(wildcard web-static/src/*.js web-static/src/*/*.js) web-static/index.html \
	web-static/style.css $(wildcard web-static/style/*.css) web-static/build.mjs web-static/package-lock.json
WEB_MODULES := web-static/node_modules/.package-lock.json
WEB_TESTS := $(wildcard tests/web/*.test.mjs)

$(BUILD)/viewer.html: $(WEB_SOURCES) | $(WEB_MODULES)
	$(call msg,WEB,$@) $(NODE) web-static/build.mjs $@

$(WEB_MODULES):
	@echo "the viewer needs web-static/node_modules: run 'make deps'" >&2; exit 1

# One file after the other: the tests measure time.
.PHONY: check-web
check-web: $(BUILD)/viewer.html
	$(call msg,TEST,tests/web)
	$(Q)status=0; for file in $(WEB_TESTS); do \
		BUILD=$(BUILD) $(NODE) --test --test-reporter=tap $$file || status=1; \
	done; exit $$status
