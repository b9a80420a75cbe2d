# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Targets that may install packages. They run make again for the rest: what they install is looked
# for when a makefile is read.

## flame: install what is missing, build, profile this host for 10 s into flame.html and others
flame:
	$(Q)mk/deps.sh build
	$(Q)$(MAKE) all
	$(Q)mk/flame.sh $(BUILD)/smolder

## check: install what is missing, build, run every test; ends with one line of counts
check:
	$(Q)mk/deps.sh build test
	$(Q)$(MAKE) tests $(if $(CI),WERROR=1)
	$(Q)$(MAKE) run-tests $(if $(CI),WERROR=1)

## check-asan: the same, all of it built with ASan and UBSan
check-asan:
	$(Q)$(MAKE) check SAN=1

## deps: install what a build needs
deps:
	$(Q)mk/deps.sh build

## deps-test: install what a build and the tests need
deps-test:
	$(Q)mk/deps.sh build test

.PHONY: flame check check-asan deps deps-test
